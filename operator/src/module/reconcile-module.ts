import type { TraceSpan } from "@plinth/kernel/telemetry";
import { FINALIZER } from "../admission/default-module.ts";
import { atOnce, type Soon, soon } from "../runtime/at-once.ts";
import type { Outcome } from "../runtime/controller.ts";
import { applyIdentity, applyRunning, makeGeneratedSecrets, pruneChildren, readMigrationOutcome } from "./reconcile/apply-work.ts";
import type { Tools, Work } from "./reconcile/context.ts";
import { continueDeletion, letGoWithNamespace } from "./reconcile/delete-module.ts";
import { findRollout } from "./reconcile/find-rollout.ts";
import { createHarmlessConflicts } from "./reconcile/harmless-conflicts.ts";
import { isSuspended, readWork } from "./reconcile/read-work.ts";
import { createReporter } from "./reconcile/report.ts";
import { describeProblems } from "./verdict.ts";

/** How often somebody else's object that stands in the way is looked at again: nothing tells when it goes. */
const CONFLICT_RETRY_MS = 30_000;

type Waiting<T> = Generator<Promise<unknown>, T, unknown>;

/** A step of the recipe. What it answers ends the recipe; the status is written all the same. */
interface Phase {
  readonly name: string;
  /** The span that it belongs to. */
  readonly part: "desired" | "apply";
  run(tools: Tools, work: Work): Soon<Outcome | "released" | undefined>;
}

/** From what is declared to what runs. Each step looks at what there is, so that whoever begins anew goes on where the last one ended. */
const RECIPE: readonly Phase[] = [
  { name: "let it go with its namespace", part: "apply", run: letGoWithNamespace },
  { name: "hold the Module until it is taken down", part: "apply", run: addFinalizer },
  { name: "take it down", part: "apply", run: (tools, work) => (isGoing(work) ? continueDeletion(tools, work) : undefined) },
  { name: "decide what to do", part: "desired", run: then(findRollout) },
  {
    name: "stop where nothing may be touched",
    part: "desired",
    run: (tools, work) => (isAtRest(tools, work) ? { kind: "done" } : undefined),
  },
  { name: "make secrets", part: "apply", run: then(makeGeneratedSecrets) },
  { name: "give it an identity", part: "apply", run: then(applyIdentity) },
  { name: "hear of its migration", part: "apply", run: then(readMigrationOutcome) },
  { name: "run it", part: "apply", run: then(applyRunning) },
  { name: "take away what is left over", part: "apply", run: then(pruneChildren) },
];

/**
 * Reconciles one Module by its key: reads, goes through the recipe, and reports once, at the end, whatever happened. Where nothing is to be written the answer
 * is there at once.
 */
export function createModuleReconciler(tools: Tools): (key: string, signal: AbortSignal) => Soon<Outcome> {
  const reporter = createReporter(tools);
  const conflicts = createHarmlessConflicts();

  return (key, signal) => atOnce(reconcileKey(key, signal));

  function* reconcileKey(key: string, signal: AbortSignal): Waiting<Outcome> {
    const root = tools.tracing.startSpan("internal", "reconcile", undefined, { "plinth.module": key });
    try {
      const work = yield* soon(traced(root, "read", () => readWork(tools, key, signal)));
      if (work === undefined) {
        reporter.forget(key);
        conflicts.forget(key);
        root.end("OK");
        return { kind: "done" };
      }
      const outcome = yield* reconcile(work, root);
      root.end(outcome.kind === "retry" ? "DEPENDENCY_FAILED" : "OK");
      return outcome;
    } catch (error) {
      root.end("INTERNAL_ERROR");
      throw error;
    }
  }

  function* reconcile(work: Work, root: TraceSpan): Waiting<Outcome> {
    let ended: Outcome | "released" | undefined;
    try {
      for (const { part, name, run } of RECIPE) {
        ended = yield* soon(traced(root, part, () => run(tools, work), name));
        if (ended !== undefined) break;
      }
    } catch (error) {
      if (work.signal.aborted) throw error;
      ended = { kind: "retry", error };
      if (conflicts.excuse(work.key, error)) return ended;
    }
    if (ended === "released" || ended?.kind !== "retry") conflicts.forget(work.key);
    if (ended === "released") return { kind: "done" };
    const failure = ended?.kind === "retry" ? messageOf(ended.error) : undefined;
    const putOffMs = yield* soon(traced(root, "status", () => reporter.report(work, failure)));
    return conclude(work, ended, putOffMs);
  }

  function traced<T>(root: TraceSpan, part: string, run: () => Soon<T>, step?: string): Soon<T> {
    if (!root.recording) return run();
    const span = tools.tracing.startSpan("internal", part, root.context, step === undefined ? {} : { "plinth.step": step });
    return Promise.resolve()
      .then(run)
      .finally(() => span.end("OK"));
  }
}

/** When to look again. What the watches tell of needs no time: a user's mistake, a dependency, a Job, a roll-out. */
function conclude({ rollout, verdict, conflicts, migration }: Work, ended: Outcome | undefined, putOffMs: number | undefined): Outcome {
  if (ended !== undefined && ended.kind !== "done") return ended;
  if (conflicts.length > 0) return { kind: "wait", afterMs: CONFLICT_RETRY_MS };
  if (rollout.step === "fail") return { kind: "wait", afterMs: 0 };
  const afterMs = rollout.step === "migrate" ? (migration.retryInMs ?? putOffMs) : putOffMs;
  if (afterMs !== undefined) return { kind: "wait", afterMs };
  return verdict.refused.length > 0 ? { kind: "terminal", error: new Error(describeProblems(verdict.refused)) } : { kind: "done" };
}

function addFinalizer({ writer, state }: Tools, work: Work): Soon<undefined> {
  const { resourceVersion, finalizers = [], deletionTimestamp } = work.object.metadata;
  if (deletionTimestamp !== undefined || finalizers.includes(FINALIZER)) return undefined;
  const patch = { metadata: { resourceVersion, finalizers: [...finalizers, FINALIZER] } };
  return writer.patch(work.object, patch, { signal: work.signal }).then((written) => {
    work.object = written;
    state.modules.overlay(written);
    return undefined;
  });
}

function isGoing({ object }: Work): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** In a suspended namespace there is only a Module here that goes, and that others still need. */
function isAtRest({ state }: Tools, { rollout, namespace }: Work): boolean {
  return rollout.step === "wait" || rollout.step === "paused" || isSuspended(state.namespaces.get(undefined, namespace));
}

function then(run: (tools: Tools, work: Work) => Soon<void>): Phase["run"] {
  return (tools, work) => {
    const running = run(tools, work);
    return running instanceof Promise ? running.then(() => undefined) : undefined;
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
