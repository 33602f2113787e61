import { printList } from "../output/print-list.ts";
import type { ClusterTarget } from "./kubectl.ts";
import { readHistory } from "./module-revisions.ts";
import { withCluster } from "./open-cluster.ts";

/** Lists the specs of a module that were accepted, newest first. */
export async function history(name: string, options: ClusterTarget & { readonly json?: boolean }): Promise<void> {
  const { revisions } = await withCluster(options, (cluster) => readHistory(cluster, name));
  printList(
    revisions,
    [
      { title: "REVISION", value: ({ number }) => number },
      { title: "VERSION", value: ({ spec }) => spec.version },
      { title: "ACCEPTED", value: ({ createdAt }) => createdAt },
      { title: "STATE", value: ({ state }) => state },
      { title: "IMAGE", value: ({ spec }) => spec.image ?? "(default)" },
      { title: "NAME", value: (revision) => revision.name },
    ],
    { ...options, empty: `No spec of ${name} was accepted yet.` },
  );
}
