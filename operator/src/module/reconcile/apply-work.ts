import { randomBytes } from "node:crypto";
import { isAlreadyExists, type KubeObject } from "@plinth/kernel/kube";
import type { Module } from "@plinth/module";
import { atOnce, type Soon, soon } from "../../runtime/at-once.ts";
import { buildGeneratedSecrets, generatedKeys } from "../desired/generated-secrets.ts";
import { type JobOutcome, readJobOutcome } from "../job-outcome.ts";
import { finishedAt } from "../migration-jobs.ts";
import { findObsolete } from "../prune.ts";
import { readRevision } from "../revisions.ts";
import type { Tools, Work } from "./context.ts";
import { findRollout, moduleAt } from "./find-rollout.ts";
import { planChildren } from "./plan-children.ts";

/** Makes the secrets that the module wants made where they are missing; what is there is never overwritten. */
export function makeGeneratedSecrets(tools: Tools, work: Work): Soon<void> {
  const target = moduleAt(work, work.rollout.target);
  if (target === undefined) return;
  const missing = generatedKeys(target).filter(({ secret, key }) => tools.secretKeys.has(work.namespace, secret, key) !== true);
  return missing.length === 0 ? undefined : makeSecrets(tools, work, target, missing);
}

async function makeSecrets({ state, writer }: Tools, work: Work, target: Module, missing: ReturnType<typeof generatedKeys>): Promise<void> {
  const values = missing.map((key) => ({ ...key, value: randomBytes(32).toString("base64url") }));
  for (const secret of buildGeneratedSecrets(target, values)) {
    const { signal } = work;
    const live = state.secrets.get(work.namespace, secret.metadata.name);
    const { resourceVersion } = live?.metadata ?? {};
    // Somebody else may write at the same time: then nothing is, and the next reconcile looks again.
    const written =
      live === undefined
        ? await writer.create(secret, { signal })
        : await writer.patch(secret, { metadata: { resourceVersion }, data: secret.data }, { signal });
    state.secrets.overlay(metadataOf(written));
  }
}

/** Applies what pods need before they start, and begins the migration. */
export function applyIdentity(tools: Tools, work: Work): Soon<void> {
  return atOnce(identify(tools, work));
}

function* identify(tools: Tools, work: Work): Waiting {
  const plan = planChildren(tools, work);
  yield* soon(applyAll(tools, work, plan.identity));
  if (plan.job === undefined || work.conflicts.length > 0) return;
  const creating = tools.children.create(plan.job, work.signal).catch((error: unknown) => {
    // An earlier answer got lost; the watch brings it.
    if (!isAlreadyExists(error)) throw error;
  });
  yield* soon(creating);
  // What was accepted is accepted from here on.
  refreshRevisions(tools, work);
  findRollout(tools, work);
}

/** Applies what reads the configuration, runs it and watches over it, each after the one before. */
export function applyRunning(tools: Tools, work: Work): Soon<void> {
  return atOnce(runIt(tools, work));
}

function* runIt(tools: Tools, work: Work): Waiting {
  refreshRevisions(tools, work);
  yield* removeAutoscaler(tools, work);
  for (const group of planChildren(tools, work).running) {
    if (work.conflicts.length > 0) return;
    yield* soon(applyAll(tools, work, group));
  }
  findRollout(tools, work);
}

/** One of an earlier spec goes before the new number comes, and not with all else at the end: until then each would undo what the other writes. */
function* removeAutoscaler({ state, children }: Tools, work: Work): Waiting {
  const serve = moduleAt(work, work.rollout.serve);
  if (serve === undefined || serve.spec.autoscaling !== undefined || work.conflicts.length > 0) return;
  for (const autoscaler of state.children("HorizontalPodAutoscaler").byIndex("owner", work.object.metadata.uid ?? "")) {
    if (autoscaler.metadata.deletionTimestamp === undefined) yield* soon(children.delete(autoscaler, "Background", work.signal));
  }
}

/** Takes away what no longer belongs to the module, once everything that does is there and serves. */
export function pruneChildren(tools: Tools, work: Work): Soon<void> {
  const { rollout, conflicts, verdict, object, revisions, status } = work;
  if (rollout.step !== "done" || rollout.target === undefined || conflicts.length > 0 || verdict.refused.length > 0) return;
  const plan = planChildren(tools, work);
  const desired = [...plan.identity, ...plan.running.flat()];
  const obsolete = findObsolete(tools.state.ownedBy(object.metadata.uid ?? ""), desired, {
    revisions,
    inUse: [rollout.target, status?.currentRevision, status?.failedRevision],
    jobs: [work.migration.job?.metadata.name],
  });
  if (obsolete.length === 0) return;
  return Promise.all(obsolete.map((child) => tools.children.delete(child, "Background", work.signal))).then(() => undefined);
}

const outcomes = new WeakMap<KubeObject, JobOutcome>();

/** Finds out what came of a migration that ended; what the status says already is not asked again. */
export function readMigrationOutcome({ client }: Tools, work: Work): Soon<void> {
  return atOnce(readOutcome(client, work));
}

function* readOutcome(client: Tools["client"], work: Work): Waiting {
  const { job, state } = work.migration;
  if (job === undefined || (state !== "succeeded" && state !== "failed")) return;
  if (state === "succeeded" && work.status?.migrations?.finishedAt === finishedAt(job)) return;
  const outcome = outcomes.get(job) ?? (yield* soon(readJobOutcome(client, job, work.signal)));
  if (outcome === undefined) return;
  outcomes.set(job, outcome);
  work.migration = { ...work.migration, ...outcome };
}

function applyAll({ children }: Tools, work: Work, group: readonly KubeObject[]): Soon<void> {
  if (group.length === 0) return;
  const note = (conflicts: readonly string[]): void => {
    work.conflicts = [...work.conflicts, ...conflicts];
  };
  const applied = children.apply(group, work.object, work.signal);
  return applied instanceof Promise ? applied.then(note) : note(applied);
}

type Waiting = Generator<Promise<unknown>, void, unknown>;

function refreshRevisions({ state }: Tools, work: Work): void {
  const owned = state.children("ControllerRevision").byIndex("owner", work.object.metadata.uid ?? "");
  work.revisions = owned.flatMap((revision) => readRevision(revision) ?? []);
}

function metadataOf({ apiVersion, kind, metadata }: KubeObject): KubeObject {
  return { apiVersion, kind, metadata };
}
