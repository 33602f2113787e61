import type { Logger } from "@plinth/kernel/logging";
import type { Module, ModuleStatus } from "@plinth/module";
import type { ClusterState } from "../module/cluster-state.ts";
import { latestRevision, readRevision } from "../module/revisions.ts";
import { runController } from "../runtime/controller.ts";
import { createQueue } from "../runtime/queue.ts";
import type { RuntimeMetrics } from "../runtime/runtime-metrics.ts";
import { buildConsulEntries } from "./consul-entries.ts";
import type { ConsulKv } from "./consul-kv.ts";
import { createConsulMirror } from "./consul-mirror.ts";

export interface ConsulControllerOptions {
  readonly kv: ConsulKv;
  /** The operator's release, `namespace/name`: what another one wrote stays as it is. */
  readonly owner: string;
  readonly state: Pick<ClusterState, "modules" | "children" | "whenSynced">;
  readonly metrics?: RuntimeMetrics;
  readonly logger: Logger;
  /** How often it is looked for what somebody else has changed. Default a minute. */
  readonly resyncMs?: number;
}

const NAME = "consul";
const RESYNC_MS = 60_000;
/** Changes that come together are written together. */
const GATHER_MS = 100;

/**
 * Keeps the call matrix and the modules' configuration in Consul until `stop` aborts, while this replica leads. All of it is one piece of work: it has one key
 * in the queue, and what went wrong is tried again with a growing pause.
 *
 * The keys name no namespace: of modules of one name in several namespaces, the first namespace's are there.
 */
export async function runConsulController(options: ConsulControllerOptions, stop: AbortSignal, abort: AbortSignal): Promise<void> {
  const { kv, owner, state, metrics, logger, resyncMs = RESYNC_MS } = options;
  const mirror = createConsulMirror(kv, owner);
  const queue = createQueue({ name: NAME, ...(metrics !== undefined && { metrics }) });
  let readAt = Number.NEGATIVE_INFINITY;
  const note = (): void => queue.after(NAME, GATHER_MS, "change");
  const ended = AbortSignal.any([stop, abort]);
  await state.whenSynced(ended).catch(() => undefined);
  if (ended.aborted) return;
  const forget = [state.modules.onChange(note), state.children("ControllerRevision").onChange(note)];
  queue.add(NAME, "change");
  await runController({
    name: NAME,
    queue,
    concurrency: 1,
    async reconcile(_key, signal) {
      const reread = performance.now() - readAt >= resyncMs;
      let changed: string[];
      try {
        changed = await mirror.sync(wantedEntries(state), { reread, signal });
      } catch (error) {
        return { kind: "retry", error };
      }
      if (reread) readAt = performance.now();
      if (changed.length > 0) logger.info("Consul was brought up to date", { keys: changed.length, first: changed[0] });
      return { kind: "wait", afterMs: Math.max(0, readAt + resyncMs - performance.now()) };
    },
    ...(metrics !== undefined && { metrics }),
    logger,
    signal: stop,
    abort,
  });
  for (const end of forget) end();
}

function wantedEntries(state: ConsulControllerOptions["state"]): Map<string, string> {
  const byNamespace = new Map<string, Module[]>();
  for (const object of state.modules.list()) {
    const { uid = "", namespace = "", name, deletionTimestamp } = object.metadata;
    const status = object.status as ModuleStatus | undefined;
    // One that goes is away from here as soon as its routes are.
    if (deletionTimestamp !== undefined && status?.currentRevision === undefined) continue;
    const revisions = state
      .children("ControllerRevision")
      .byIndex("owner", uid)
      .flatMap((revision) => readRevision(revision) ?? []);
    const latest = latestRevision(revisions);
    // What was rolled back from does not hold; what was accepted does before it serves, for it may call while it starts.
    const holds = latest?.name === status?.failedRevision ? revisions.find((one) => one.name === status?.currentRevision) : latest;
    if (holds === undefined) continue;
    const modules = byNamespace.get(namespace) ?? [];
    byNamespace.set(namespace, modules);
    modules.push({ apiVersion: "plinth.dev/v1alpha1", kind: "Module", metadata: { name, namespace }, spec: holds.spec });
  }
  const wanted = new Map<string, string>();
  for (const [, modules] of [...byNamespace].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const [key, value] of buildConsulEntries(modules)) if (!wanted.has(key)) wanted.set(key, value);
  }
  return wanted;
}
