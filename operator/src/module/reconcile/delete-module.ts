import { isAlreadyExists, isNotFound, KubeError } from "@plinth/kernel/kube";
import { FINALIZER } from "../../admission/default-module.ts";
import type { Soon } from "../../runtime/at-once.ts";
import type { Outcome } from "../../runtime/controller.ts";
import { nextDeletionStep } from "../deletion.ts";
import { ownerSecretName } from "../desired/names.ts";
import { needsPostgres } from "../desired/needs-postgres.ts";
import { buildDropJob, dropName } from "../drop-job.ts";
import { readJobOutcome } from "../job-outcome.ts";
import { migrationProgress } from "../migration-jobs.ts";
import type { Tools, Work } from "./context.ts";

/**
 * Does the next step of a deletion. Undefined: others still need the module, and it is looked after as before. The status is written after each step but the
 * last, after which there is none.
 */
export async function continueDeletion(tools: Tools, work: Work): Promise<Outcome | "released" | undefined> {
  const { state, children, client, settings, now } = tools;
  const { module, signal, object } = work;
  const { name } = module.metadata;
  const uid = object.metadata.uid ?? "";
  const [deployment, autoscaler] = (["Deployment", "HorizontalPodAutoscaler"] as const).map((kind) =>
    state
      .children(kind)
      .byIndex("owner", uid)
      .find(({ metadata }) => metadata.name === name),
  );
  // Whoever was never accepted has no roles, and no Secrets that a Job could mount.
  const hasRoles = state.children("Secret").get(work.namespace, ownerSecretName(name)) !== undefined;
  const drop = migrationProgress(dropName(name), state.children("Job").byIndex("owner", uid), undefined, now().getTime());
  const next = nextDeletionStep({
    module,
    requiredBy: work.verdict.requiredBy,
    isServed: work.status?.currentRevision !== undefined,
    hasDeployment: deployment !== undefined,
    hasAutoscaler: autoscaler !== undefined,
    drop: drop.state === "not-needed" ? "absent" : drop.state,
    hasData: needsPostgres(module) && hasRoles,
  });
  work.deletion = { blockedBy: next.step === "blocked" ? next.by : [] };
  switch (next.step) {
    case "blocked":
      return undefined;
    case "withdraw":
      // Gateway and authz hear of it by the status; then it goes on.
      return { kind: "wait", afterMs: 0 };
    case "drain":
      for (const child of [autoscaler, deployment]) {
        if (child !== undefined && child.metadata.deletionTimestamp === undefined) await children.delete(child, "Foreground", signal);
      }
      return { kind: "wait" };
    case "drop": {
      if (next.job === "failed" && drop.job !== undefined) {
        const outcome = await readJobOutcome(client, drop.job, signal);
        // Postgres may be gone for good, and the Module must not stay for ever.
        const mend = "it is tried again; with spec.deletionPolicy: Retain the Module goes at once, and its data stay";
        work.deletion = { blockedBy: [], message: `${outcome?.message ?? `the Job ${drop.job.metadata.name} failed`}\n${mend}` };
        return { kind: "wait", afterMs: drop.retryInMs ?? 0 };
      }
      const job = next.job === "absent" ? buildDropJob(work.set.resolvedOf(module), settings, drop.attempt) : undefined;
      if (job === undefined) return { kind: "wait" };
      try {
        await children.create(job, signal);
      } catch (error) {
        // In a namespace that goes itself nothing can be made any more: the data stay, and the Module must not hold it up.
        if (isNamespaceGoing(error)) return release(tools, work);
        if (!isAlreadyExists(error)) throw error;
      }
      return { kind: "wait" };
    }
    case "release":
      return release(tools, work);
  }
}

/**
 * Lets go of a Module at once where its whole namespace is deleted: Kubernetes takes all the rest away by itself, in no order, and perhaps the operator with
 * it. Its data stay, whatever it declares: nothing that would drop them can be made there any more.
 */
export function letGoWithNamespace(tools: Tools, work: Work): Soon<"released" | undefined> {
  const { deletionTimestamp } = tools.state.namespaces.get(undefined, work.namespace)?.metadata ?? {};
  return deletionTimestamp === undefined ? undefined : release(tools, work);
}

async function release({ writer }: Tools, { object, signal }: Work): Promise<"released"> {
  const { resourceVersion, finalizers = [] } = object.metadata;
  if (!finalizers.includes(FINALIZER)) return "released";
  const rest = finalizers.filter((finalizer) => finalizer !== FINALIZER);
  await writer.patch(object, { metadata: { resourceVersion, finalizers: rest } }, { signal }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
  return "released";
}

function isNamespaceGoing(error: unknown): boolean {
  return error instanceof KubeError && (error.details?.causes?.some(({ reason }) => reason === "NamespaceTerminating") ?? false);
}
