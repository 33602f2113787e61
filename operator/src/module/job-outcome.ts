import type { KubeClient, KubeObject } from "@plinth/kernel/kube";
import type { ModuleStatus } from "@plinth/module";
import { KINDS } from "../kube/kinds.ts";
import { endMessage, finishedAt, jobState } from "./migration-jobs.ts";

/** What came of a Job that ended. */
export interface JobOutcome {
  readonly result?: NonNullable<ModuleStatus["migrations"]>;
  /** Of one that failed: the last lines of its log. */
  readonly message?: string;
}

/** As much of a log as fits into an Event. */
const MAX_TAIL = 900;

interface Terminated {
  readonly exitCode?: number;
  readonly message?: string;
  readonly reason?: string;
}

interface ContainerStatus {
  readonly name: string;
  readonly state?: { readonly terminated?: Terminated };
}

/** Reads what a Job's containers left behind when they ended. A Job that still runs has none. */
export async function readJobOutcome(client: KubeClient, job: KubeObject, signal: AbortSignal): Promise<JobOutcome | undefined> {
  const state = jobState(job);
  if (state === "running") return undefined;
  const { namespace = "default", name } = job.metadata;
  const { items } = await client.list(KINDS.Pod, { namespace, labelSelector: `batch.kubernetes.io/job-name=${name}` }, { signal });
  const ended = items.flatMap(terminatedIn);
  const finished = finishedAt(job);
  const at = finished === undefined ? {} : { finishedAt: finished };
  if (state === "succeeded") return { result: { ...migrationsIn(ended), ...at } };
  const failed = ended.find(({ exitCode }) => exitCode !== undefined && exitCode !== 0);
  const tail = failed?.message?.trim() ?? "";
  const why = tail === "" ? endMessage(job) || failed?.reason || "it failed without a word" : tail.slice(-MAX_TAIL);
  return { message: `the Job ${name} failed: ${why}` };
}

function terminatedIn({ status }: KubeObject): (Terminated & { container: string })[] {
  const { initContainerStatuses = [], containerStatuses = [] } = (status ?? {}) as {
    initContainerStatuses?: readonly ContainerStatus[];
    containerStatuses?: readonly ContainerStatus[];
  };
  return [...initContainerStatuses, ...containerStatuses].flatMap(({ name, state }) =>
    state?.terminated === undefined ? [] : [{ container: name, ...state.terminated }],
  );
}

/** The container `migrate` says at its end how many migrations there are, and the last one's name. */
function migrationsIn(ended: readonly (Terminated & { container: string })[]): { applied?: number; last?: string } {
  const text = ended.find(({ container }) => container === "migrate")?.message;
  if (text === undefined) return {};
  try {
    const { applied, last } = JSON.parse(text) as { applied?: unknown; last?: unknown };
    return { ...(Number.isInteger(applied) && { applied: applied as number }), ...(typeof last === "string" && { last }) };
  } catch {
    return {};
  }
}
