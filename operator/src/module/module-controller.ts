import type { KubeClient, KubeObject } from "@plinth/kernel/kube";
import type { Logger } from "@plinth/kernel/logging";
import type { Tracing } from "@plinth/kernel/telemetry";
import { API_GROUP, type Module, type ModuleStatus, type RpcMethods } from "@plinth/module";
import { createWriter } from "../kube/writer.ts";
import { runController } from "../runtime/controller.ts";
import { controllerOf, objectKey } from "../runtime/object-key.ts";
import { createQueue, type Priority } from "../runtime/queue.ts";
import type { Recorder } from "../runtime/recorder.ts";
import type { RuntimeMetrics } from "../runtime/runtime-metrics.ts";
import type { Change } from "../runtime/store.ts";
import { createChildWriter } from "./apply-children.ts";
import { type ClusterState, followCluster } from "./cluster-state.ts";
import { createModuleSet, type ModuleSet } from "./module-set.ts";
import { createModuleReconciler } from "./reconcile-module.ts";
import { reservedSecrets } from "./reserved-secrets.ts";
import { atRevision, latestRevision, readRevision } from "./revisions.ts";
import { createSecretKeys } from "./secret-keys.ts";
import type { Settings } from "./settings.ts";

/** The name under which queue and workers are measured, as controller-runtime names a controller: by its kind. */
const NAME = "module";

export interface ModuleControllerOptions {
  /** Reads at any time. */
  readonly client: KubeClient;
  /** Writes only while this replica leads. */
  readonly writing: KubeClient;
  readonly settings: Settings;
  /** What the status says of them; see `settingsHash`. */
  readonly settingsHash: string;
  /** Methods of the platform's own modules; calls of others are not checked. */
  readonly rpcMethods?: RpcMethods;
  /** Only these namespaces; all of them if left out. */
  readonly namespaces?: readonly string[];
  readonly recorder: Pick<Recorder, "record">;
  readonly tracing: Tracing;
  readonly metrics?: RuntimeMetrics;
  readonly concurrency?: number;
  readonly logger: Logger;
  /** Ends the watches. */
  readonly signal: AbortSignal;
}

/** Keeps what runs as the Modules declare it. It follows the cluster from the start, so that a standby is ready; it works while `run` does. */
export interface ModuleController {
  readonly state: ClusterState;
  /** The Modules of a namespace, for whoever judges a new one. */
  modulesIn(namespace: string): readonly KubeObject[];
  /** Works until `stop` aborts, and ends what is in hand; when `abort` does, at once. */
  run(stop: AbortSignal, abort: AbortSignal): Promise<void>;
}

export function createModuleController(options: ModuleControllerOptions): ModuleController {
  const { client, writing, settings, settingsHash, rpcMethods, namespaces, recorder, tracing, metrics, concurrency, logger, signal } =
    options;
  const state = followCluster({ client, settings, logger, signal, ...(namespaces !== undefined && { namespaces }) });
  const queue = createQueue({ name: NAME, ...(metrics !== undefined && { metrics }) });
  const secretKeys = createSecretKeys(client, state.secrets);
  const sets = new Map<string, ModuleSet>();
  /** Until everything was read once, changes are what there is. */
  let isBegun = false;

  function setOf(namespace: string): ModuleSet {
    const known = sets.get(namespace);
    if (known !== undefined) return known;
    let isFirst = true;
    const made = createModuleSet({
      hasSecret: (_module, { from }) => secretKeys.has(namespace, from.secret, from.key) !== false,
      isReservedSecret: reservedSecrets(settings.databaseSecret),
      // Descriptors say nothing of what somebody else has built.
      rpcMethods: (callee) => (isOwnImage(callee, settings) ? rpcMethods?.(callee.metadata.name) : undefined),
      lastAccepted,
      onChange(names) {
        for (const name of names) queue.add(objectKey(namespace, name), isFirst ? urgencyOf(state.modules.get(namespace, name)) : "change");
        isFirst = false;
      },
    });
    sets.set(namespace, made);
    return made;
  }

  function lastAccepted(module: Module): Module | undefined {
    const owned = state.children("ControllerRevision").byIndex("owner", module.metadata.uid ?? "");
    const latest = latestRevision(owned.flatMap((revision) => readRevision(revision) ?? []));
    return latest === undefined ? undefined : atRevision(module, latest);
  }

  function begin(): void {
    isBegun = true;
    for (const module of state.modules.list()) setOf(module.metadata.namespace ?? "").update(module.metadata.name, module);
  }

  function onModule({ type, object }: Change<KubeObject>): void {
    if (!isBegun) return;
    const { namespace = "", name } = object.metadata;
    setOf(namespace).update(name, type === "deleted" ? undefined : object);
  }

  /** By the owner's name: a child of a Module's predecessor stands in the way of its successor. */
  function onChild({ object, cause }: Change<KubeObject>): void {
    const owner = controllerOf(object);
    if (!isBegun || cause === "own" || owner?.kind !== "Module" || !owner.apiVersion.startsWith(`${API_GROUP}/`)) return;
    queue.add(objectKey(object.metadata.namespace, owner.name), "change");
  }

  function onSecret({ object }: Change<KubeObject>): void {
    if (!isBegun) return;
    const { namespace = "", name } = object.metadata;
    const names = state.modules.byIndex("secret", `${namespace}/${name}`).map(({ metadata }) => metadata.name);
    if (names.length > 0) setOf(namespace).invalidate(names);
  }

  function onNamespace({ object, previous, type }: Change<KubeObject>): void {
    if (!isBegun || type === "deleted" || concernOf(previous) === concernOf(object)) return;
    for (const { metadata } of state.modules.byIndex("namespace", object.metadata.name)) {
      queue.add(objectKey(metadata.namespace, metadata.name), "change");
    }
  }

  state.modules.onChange(onModule);
  state.secrets.onChange(onSecret);
  state.namespaces.onChange(onNamespace);
  for (const kind of state.childKinds) state.children(kind).onChange(onChild);
  void state.whenSynced(signal).then(begin, () => undefined);
  signal.addEventListener("abort", () => {
    for (const set of sets.values()) set.close();
  });

  return {
    state,
    modulesIn: (namespace) => state.modules.byIndex("namespace", namespace),
    async run(stop, abort) {
      const ended = AbortSignal.any([stop, abort, signal]);
      await state.whenSynced(ended).catch(() => undefined);
      // A stop in the midst of the first reading is a stop like any other.
      if (ended.aborted) return;
      const writer = createWriter(writing);
      const children = createChildWriter(client, writer, state);
      const tools = {
        client,
        writer,
        children,
        state,
        secretKeys,
        setOf,
        settings,
        settingsHash,
        recorder,
        tracing,
        logger,
        now: () => new Date(),
      };
      await runController({
        name: NAME,
        queue,
        reconcile: createModuleReconciler(tools),
        ...(concurrency !== undefined && { concurrency }),
        ...(metrics !== undefined && { metrics }),
        logger,
        signal: stop,
        abort,
      });
    },
  };
}

/** What of a namespace means anything for its Modules. */
function concernOf(namespace: KubeObject | undefined): string {
  return JSON.stringify([namespace?.metadata.labels, namespace?.metadata.deletionTimestamp]);
}

function isOwnImage({ spec }: Module, { defaultImage }: Settings): boolean {
  return spec.image === undefined || spec.image === defaultImage;
}

/** At a start: a Module that was looked at as it is comes after those that were not. */
function urgencyOf(object: KubeObject | undefined): Priority {
  const observed = (object?.status as ModuleStatus | undefined)?.observedGeneration;
  return object !== undefined && observed === object.metadata.generation && object.metadata.deletionTimestamp === undefined
    ? "resync"
    : "change";
}
