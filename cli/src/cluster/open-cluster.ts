import { createKubeClient, inClusterNamespace, isInCluster, type KubeClient, openInClusterConnection } from "@plinth/kernel/kube";
import { silentLogger } from "@plinth/kernel/logging";
import { openKubeconfigConnection } from "@plinth/operator";
import type { ClusterTarget } from "./kubectl.ts";

/** A cluster to talk with, and the namespace that is meant. */
export interface OpenedCluster {
  readonly client: KubeClient;
  readonly namespace: string;
}

/** Opens the cluster of the kubeconfig, or the one that this runs in, for as long as `work` takes. */
export async function withCluster<T>({ context, namespace }: ClusterTarget, work: (cluster: OpenedCluster) => Promise<T>): Promise<T> {
  const opened = isInCluster()
    ? { connection: await openInClusterConnection(), namespace: await inClusterNamespace() }
    : await openKubeconfigConnection(context === undefined ? {} : { context });
  try {
    const client = createKubeClient(opened.connection, { logger: silentLogger });
    return await work({ client, namespace: namespace ?? opened.namespace });
  } finally {
    await opened.connection.close();
  }
}
