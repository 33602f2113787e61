import { ALLOW_DOWNGRADE, type Module, resolve, validateModule } from "@plinth/module";
import { atRevision, createWriter } from "@plinth/operator";
import { print } from "../output/print-list.ts";
import { styled } from "../output/style.ts";
import { UsageError } from "../usage-error.ts";
import type { ClusterTarget } from "./kubectl.ts";
import { type ModuleHistory, type ModuleRevision, readHistory } from "./module-revisions.ts";
import { withCluster } from "./open-cluster.ts";

export interface RollbackOptions extends ClusterTarget {
  readonly toRevision?: number;
  readonly dryRun?: boolean;
}

/**
 * Gives a Module the spec of an older revision; the operator rolls it out as it does any other. How many replicas there are, whether it is paused, and what
 * becomes of its data stay as they are declared now.
 */
export async function rollback(name: string, options: RollbackOptions): Promise<void> {
  await withCluster(options, async (cluster) => {
    const history = await readHistory(cluster, name);
    const { object, module, status } = history;
    const target = choose(name, history, options.toRevision);
    const restored = atRevision(module, target);
    const needsLeave = isRefusedDowngrade(restored, status.version ?? module.spec.version);
    const annotations = needsLeave ? { ...object.metadata.annotations, [ALLOW_DOWNGRADE]: "true" } : undefined;
    const problems = validateModule(restored);
    if (problems.length > 0) throw new Error(`Revision ${target.number} is no longer a spec that is taken: ${problems[0]?.message}`);

    // Whoever changed it meanwhile wins: then nothing is written.
    const patch = [
      { op: "test", path: "/metadata/resourceVersion", value: object.metadata.resourceVersion },
      { op: "replace", path: "/spec", value: restored.spec },
      ...(annotations === undefined ? [] : [{ op: "add", path: "/metadata/annotations", value: annotations }]),
    ];
    const ref = { apiVersion: "plinth.dev/v1alpha1", kind: "Module", metadata: { namespace: cluster.namespace, name } };
    await createWriter(cluster.client).patch(ref, patch, { type: "json", dryRun: options.dryRun === true });

    print(`${name} ${options.dryRun === true ? "would go" : "goes"} back to revision ${target.number}, version ${target.spec.version}.`);
    if (annotations !== undefined) {
      const left = `Its schema stays as version ${status.version ?? module.spec.version} left it: the annotation ${ALLOW_DOWNGRADE} says that this is known.`;
      print(`${styled("yellow", left)} Take it away once it has served: kubectl annotate module ${name} ${ALLOW_DOWNGRADE}-`);
    }
    print("The file that it was applied from still has the newer spec, and brings it back when it is applied.");
  });
}

function isRefusedDowngrade(module: Module, running: string): boolean {
  const { rejected } = resolve([module], { running: new Map([[module.metadata.name, running]]) });
  return rejected.some(({ problems }) => problems.some(({ reason }) => reason === "Downgrade"));
}

function choose(name: string, { revisions, status, declared }: ModuleHistory, asked: number | undefined): ModuleRevision {
  const named = revisions.map(({ number }) => number).join(", ");
  if (asked !== undefined) {
    const found = revisions.find(({ number }) => number === asked);
    if (found === undefined)
      throw new UsageError(`${name} has no revision ${asked}. There are: ${named}. See them: plinth history ${name}`);
    if (found.name === declared) throw new Error(`${name} has the spec of revision ${asked} already.`);
    return found;
  }
  // Where what is declared does not serve, what serves is what to go back to.
  const serving = revisions.find((revision) => revision.name === status.currentRevision && revision.name !== declared);
  const declaredNumber = revisions.find((revision) => revision.name === declared)?.number ?? Number.POSITIVE_INFINITY;
  const found = serving ?? revisions.find(({ number, state }) => number < declaredNumber && state !== "failed");
  if (found === undefined) throw new Error(`${name} has no older revision to go back to. See them: plinth history ${name}`);
  return found;
}
