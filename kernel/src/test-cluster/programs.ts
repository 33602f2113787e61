/** Programs that the tests start, by the variable that names each. */
export interface ClusterPrograms {
  readonly etcd: string;
  readonly apiServer: string;
}

/** What to run for them. */
export const HOW_TO_GET = 'eval "$(node scripts/components.ts api-server)"';

/** Undefined where they are not named. */
export function findClusterPrograms(env: NodeJS.ProcessEnv = process.env): ClusterPrograms | undefined {
  const { PLINTH_ETCD: etcd, PLINTH_KUBE_APISERVER: apiServer } = env;
  return etcd === undefined || apiServer === undefined ? undefined : { etcd, apiServer };
}

export function getClusterPrograms(): ClusterPrograms {
  const found = findClusterPrograms();
  if (found === undefined) throw new Error(`PLINTH_ETCD and PLINTH_KUBE_APISERVER are not set: ${HOW_TO_GET}`);
  return found;
}
