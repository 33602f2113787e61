import { isNotFound, isTransient, type KubeClient, type KubeObject, resourcePath } from "@plinth/kernel/kube";
import { silentLogger } from "@plinth/kernel/logging";
import { getKind, KINDS } from "../../kube/kinds.ts";
import { runReflector } from "../../runtime/reflector.ts";
import { createStore } from "../../runtime/store.ts";

/** How the pods of an image behave: they come up, do not in time, or have not been decided about. */
export type Behaviour = "up" | "late" | "pending";

export interface Players {
  /** Decides about the pods of an image, from now on and for Deployments and Jobs that are there. */
  behave(image: string, behaviour: Behaviour): void;
}

const AWAY_MS = 200;

interface PodTemplate {
  readonly spec?: { readonly containers?: readonly { readonly image?: string }[] };
}

/**
 * Plays those controllers of Kubernetes on which the operator waits, where there is an API server and no more: Deployments and Jobs come up or fail by their
 * image (`up` unless said otherwise), and what is deleted in the foreground goes.
 */
export function playControllers(client: KubeClient, signal: AbortSignal): Players {
  const behaviours = new Map<string, Behaviour>();
  const stores = [KINDS.Deployment, KINDS.Job, KINDS.HorizontalPodAutoscaler].map((resource) => {
    const store = createStore<KubeObject>({ logger: silentLogger });
    store.onChange(({ type, object }) => {
      if (type === "set") play(object);
    });
    void runReflector({ client, resource, store, logger: silentLogger, signal });
    return store;
  });

  function play(object: KubeObject): void {
    const work = object.metadata.deletionTimestamp !== undefined ? release(object) : playLiving(object);
    // It went, or changed meanwhile: then it comes again.
    work.catch((error: unknown) => {
      if (signal.aborted || isNotFound(error)) return;
      if (!isTransient(error)) throw error;
      // The API server is away for a while, as in tests that restart it.
      setTimeout(() => playLatest(object), AWAY_MS);
    });
  }

  async function playLiving(object: KubeObject): Promise<void> {
    if (object.kind === "Job") await playJob(object);
    if (object.kind === "Deployment") await playDeployment(object);
  }

  function playLatest({ kind, metadata: { namespace, name } }: KubeObject): void {
    for (const store of stores) {
      const object = store.get(namespace, name);
      if (!signal.aborted && object?.kind === kind) play(object);
    }
  }

  function behaviourOf({ spec }: KubeObject): Behaviour {
    const image = (spec as { template?: PodTemplate }).template?.spec?.containers?.[0]?.image ?? "";
    return behaviours.get(image) ?? "up";
  }

  async function release(object: KubeObject): Promise<void> {
    if (object.metadata.finalizers === undefined) return;
    await merge(object, { metadata: { finalizers: null } });
  }

  async function playDeployment(object: KubeObject): Promise<void> {
    const { generation = 1 } = object.metadata;
    const wanted = (object.spec as { replicas?: number }).replicas ?? 1;
    const behaviour = behaviourOf(object);
    const before = object.status as { observedGeneration?: number; readyReplicas?: number; played?: string } | undefined;
    const isUp = behaviour === "up";
    const reason = isUp ? "NewReplicaSetAvailable" : behaviour === "late" ? "ProgressDeadlineExceeded" : "ReplicaSetUpdated";
    const ready = isUp ? wanted : Math.min(before?.readyReplicas ?? 0, wanted);
    const status = {
      observedGeneration: generation,
      replicas: isUp ? wanted : wanted + ready,
      updatedReplicas: wanted,
      readyReplicas: ready,
      availableReplicas: ready,
      conditions: [{ type: "Progressing", status: behaviour === "late" ? "False" : "True", reason, message: `played as ${behaviour}` }],
    };
    if (sameStatus(before, status)) return;
    await merge(object, { status }, "status");
  }

  async function playJob(object: KubeObject): Promise<void> {
    const behaviour = behaviourOf(object);
    const { conditions } = (object.status ?? {}) as { conditions?: readonly unknown[] };
    if (behaviour === "pending" || conditions !== undefined) return;
    const now = new Date().toISOString().replace(/\.\d+/, "");
    const times = { lastProbeTime: now, lastTransitionTime: now };
    const status =
      behaviour === "up"
        ? {
            startTime: now,
            completionTime: now,
            succeeded: 1,
            conditions: [
              { type: "SuccessCriteriaMet", status: "True", reason: "CompletionsReached", message: "", ...times },
              { type: "Complete", status: "True", reason: "CompletionsReached", message: "", ...times },
            ],
          }
        : {
            startTime: now,
            failed: 1,
            conditions: [
              { type: "FailureTarget", status: "True", reason: "BackoffLimitExceeded", message: "the pod failed", ...times },
              { type: "Failed", status: "True", reason: "BackoffLimitExceeded", message: "the pod failed", ...times },
            ],
          };
    await merge(object, { status }, "status");
  }

  async function merge(object: KubeObject, body: object, subresource?: string): Promise<void> {
    const { namespace = "", name } = object.metadata;
    const path = resourcePath(getKind(object), { namespace, name, ...(subresource !== undefined && { subresource }) });
    await client.request({ method: "PATCH", path, body, contentType: "application/merge-patch+json" });
  }

  return {
    behave(image, behaviour) {
      behaviours.set(image, behaviour);
      for (const store of stores) for (const object of store.list()) play(object);
    },
  };
}

function sameStatus(before: object | undefined, after: object): boolean {
  return JSON.stringify(pick(before)) === JSON.stringify(pick(after));
}

function pick(status: object | undefined): unknown[] {
  const {
    observedGeneration,
    replicas = 0,
    updatedReplicas = 0,
    readyReplicas = 0,
    conditions,
  } = (status ?? {}) as Record<string, unknown>;
  return [observedGeneration, replicas, updatedReplicas, readyReplicas, (conditions as { message?: string }[] | undefined)?.[0]?.message];
}
