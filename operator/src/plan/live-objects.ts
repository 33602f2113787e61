import { isNotFound, type KubeClient, type KubeObject } from "@plinth/kernel/kube";
import { KINDS, type KindName } from "../kube/kinds.ts";
import { CHILD_KINDS } from "../module/child-kinds.ts";
import { MANAGED_BY, MODULE_LABEL, OPERATOR } from "../module/desired/metadata.ts";
import { childKey } from "../module/prune.ts";

/** Kinds of children, whether or not every cluster has them: one that is not served has no objects. */
const PLANNED_KINDS = [...CHILD_KINDS, "Ingress", "HTTPRoute", "ServiceMonitor", "PrometheusRule"] as const satisfies readonly KindName[];

/** The children that there are in a namespace. */
export interface LiveObjects {
  of(module: string): readonly KubeObject[];
  find(child: KubeObject): KubeObject | undefined;
}

export async function readLiveObjects(client: KubeClient, namespace: string): Promise<LiveObjects> {
  const labelSelector = `${MANAGED_BY}=${OPERATOR}`;
  const lists = await Promise.all(PLANNED_KINDS.map((kind) => listOrNone(client, kind, namespace, labelSelector)));
  const all = lists.flat();
  const byKey = new Map(all.map((object) => [childKey(object), object]));
  return {
    of: (module) => all.filter(({ metadata }) => metadata.labels?.[MODULE_LABEL] === module),
    find: (child) => byKey.get(childKey(child)),
  };
}

/** A kind that is not served has none. */
async function listOrNone(client: KubeClient, kind: KindName, namespace: string, labelSelector: string): Promise<KubeObject[]> {
  try {
    return (await client.list(KINDS[kind], { namespace, labelSelector })).items;
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}
