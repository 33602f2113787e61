import { hostname } from "node:os";
import { inClusterNamespace, isInCluster, type KubeConnection, openInClusterConnection } from "@plinth/kernel/kube";
import { openKubeconfigConnection } from "../kube/open-kubeconfig.ts";

const USER_AGENT = "plinth-operator";

/** Opens a connection: as the pod's service account in a pod, elsewhere as the kubeconfig says. */
export async function connect(): Promise<{ connection: KubeConnection; namespace: string }> {
  if (isInCluster()) {
    const namespace = process.env.PLINTH_NAMESPACE ?? (await inClusterNamespace());
    return { connection: await openInClusterConnection({ userAgent: USER_AGENT }), namespace };
  }
  const { connection, namespace } = await openKubeconfigConnection({ userAgent: USER_AGENT });
  return { connection, namespace: process.env.PLINTH_NAMESPACE ?? namespace };
}

/** The name of this replica, which no other one has at the same time. */
export function replicaName(): string {
  return process.env.PLINTH_POD_NAME ?? `${hostname()}-${process.pid}`;
}
