import { isNotFound, KubeError, type KubeObject } from "@plinth/kernel/kube";
import type { ModuleStatus } from "@plinth/module";
import { KINDS } from "../../kube/kinds.ts";
import type { Soon } from "../../runtime/at-once.ts";
import { readDeployment } from "../deployment-state.ts";
import { deriveStatus } from "../status/derive-status.ts";
import { findHappenings } from "../status/happenings.ts";
import type { Observed } from "../status/observed.ts";
import { type PatchStep, statusPatch } from "../status/status-patch.ts";
import type { Tools, Work } from "./context.ts";
import { moduleAt } from "./find-rollout.ts";

/** A roll-out that comes to its end within this time is reported once, at its end, and not at its beginning too. */
const SETTLE_MS = 1000;

/** Writes what became of a reconcile into the status: at most once, and only where it says something new. */
export interface Reporter {
  /** `failure`: why the reconcile did not come to its end. Answers after how many milliseconds to ask again, where the report was put off. */
  report(work: Work, failure: string | undefined): Soon<number | undefined>;
  forget(key: string): void;
}

export function createReporter(tools: Tools): Reporter {
  /** Since when the report of a key is put off. */
  const putOff = new Map<string, number>();

  /** Milliseconds that a report can wait: nobody misses it if the next one comes before. */
  function patience(work: Work, failure: string | undefined): number {
    const { rollout, conflicts, verdict, deletion, migration } = work;
    const isOnItsWay = rollout.step === "roll-out" || (rollout.step === "migrate" && migration.state === "running");
    if (!isOnItsWay || failure !== undefined || conflicts.length > 0 || verdict.refused.length > 0 || deletion !== undefined) return 0;
    const now = performance.now();
    const since = putOff.get(work.key) ?? now;
    putOff.set(work.key, since);
    return Math.max(0, since + SETTLE_MS - now);
  }

  /** Whether a status was not taken because its Module went meanwhile, be it that another one has its name now. */
  async function isGone(object: KubeObject, error: unknown, signal: AbortSignal): Promise<boolean> {
    if (isNotFound(error)) return true;
    // So the API server calls a step `test` that does not hold.
    if (!(error instanceof KubeError && error.reason === "Invalid")) return false;
    const { namespace = "", name, uid } = object.metadata;
    return (await tools.client.find(KINDS.Module, { namespace, name }, { signal }))?.metadata.uid !== uid;
  }

  async function write({ object, status, verdict, signal }: Work, patch: readonly PatchStep[], next: ModuleStatus): Promise<undefined> {
    try {
      const written = await tools.writer.patch(object, patch, { type: "json", subresource: "status", signal });
      tools.state.modules.overlay(written);
    } catch (error) {
      if (!(await isGone(object, error, signal))) throw error;
      return;
    }
    for (const happening of findHappenings(status, next, verdict)) tools.recorder.record(object, happening);
  }

  return {
    report(work, failure) {
      const { state, now } = tools;
      const { object, status, module, namespace } = work;
      const live = state.children("Deployment").get(namespace, module.metadata.name);
      const isOwn = live?.metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid) === true;
      const observed: Observed = {
        module,
        status,
        verdict: work.verdict,
        rollout: work.rollout,
        serving: moduleAt(work, work.rollout.step === "done" ? work.rollout.target : status?.currentRevision),
        deployment: live === undefined || !isOwn ? undefined : readDeployment(live),
        migration: work.migration,
        dependencies: work.view.dependencies,
        conflicts: work.conflicts,
        failure,
        deletion: work.deletion,
        settingsHash: tools.settingsHash,
        now: now(),
      };
      const next = deriveStatus(observed);
      const patch = statusPatch(object.metadata.uid ?? "", status, next);
      const waitMs = patch === undefined ? 0 : patience(work, failure);
      if (waitMs > 0) return waitMs;
      putOff.delete(work.key);
      return patch === undefined ? undefined : write(work, patch, next);
    },
    forget: (key) => void putOff.delete(key),
  };
}
