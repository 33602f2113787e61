import type { KubeClient, KubeObject } from "@plinth/kernel/kube";
import type { Logger } from "@plinth/kernel/logging";
import type { ModuleSpec } from "@plinth/module";
import { KINDS, type KindName } from "../kube/kinds.ts";
import { indexByOwnerUid } from "../runtime/object-key.ts";
import { runReflector } from "../runtime/reflector.ts";
import { createStore, type Store } from "../runtime/store.ts";
import { CHILD_KINDS } from "./child-kinds.ts";
import { MANAGED_BY, OPERATOR } from "./desired/metadata.ts";
import { keepChild } from "./kept-child.ts";
import type { Settings } from "./settings.ts";

/** What the operator knows of the cluster: the Modules, what it made for them, and what they hang on. */
export interface ClusterState {
  readonly modules: Store<KubeObject, "secret" | "namespace">;
  /** Which Secrets there are, whoever made them: metadata only. */
  readonly secrets: Store<KubeObject>;
  /** Metadata only. */
  readonly namespaces: Store<KubeObject>;
  /** Objects of a kind that the operator made, as `keepChild` has them. Throws for kinds that are not followed. */
  children(kind: string): Store<KubeObject, "owner">;
  readonly childKinds: readonly string[];
  /** All that belongs to the Module with this uid. */
  ownedBy(uid: string): KubeObject[];
  whenSynced(signal: AbortSignal): Promise<void>;
  readonly synced: boolean;
}

export interface ClusterStateOptions {
  readonly client: KubeClient;
  readonly settings: Settings;
  /** Only these namespaces; all of them if left out. */
  readonly namespaces?: readonly string[];
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Begins to follow; only what is needed is: kinds that the settings ask for, and of children those that carry our label. */
export function followCluster({ client, settings, namespaces, logger, signal }: ClusterStateOptions): ClusterState {
  const modules = createStore<KubeObject, "secret" | "namespace">({
    indexes: {
      namespace: ({ metadata }) => [metadata.namespace ?? ""],
      secret: ({ metadata, spec }) => secretsOf(spec as ModuleSpec | undefined, settings).map((name) => `${metadata.namespace}/${name}`),
    },
    logger,
  });
  const secrets = createStore<KubeObject>({ logger });
  const namespaceStore = createStore<KubeObject>({ logger });
  const kinds: readonly KindName[] = [...CHILD_KINDS, ...optionalKinds(settings)];
  const children = new Map(
    kinds.map((kind) => [
      kind as string,
      createStore<KubeObject, "owner">({ indexes: { owner: indexByOwnerUid }, reduce: keepChild, logger }),
    ]),
  );
  // Reconciles begin anew with each change, and their writes say what they were decided by: a start may be of a moment ago.
  const common = { client, logger, signal, remembered: true };
  const labelSelector = `${MANAGED_BY}=${OPERATOR}`;
  for (const namespace of namespaces ?? [undefined]) {
    const at = namespace === undefined ? {} : { namespace };
    void runReflector({ ...common, ...at, resource: KINDS.Module, store: modules });
    void runReflector({ ...common, ...at, resource: KINDS.Secret, store: secrets, metadataOnly: true });
    for (const [kind, store] of children) void runReflector({ ...common, ...at, resource: KINDS[kind as KindName], store, labelSelector });
  }
  void runReflector({ ...common, resource: KINDS.Namespace, store: namespaceStore, metadataOnly: true });
  const all: readonly Store<KubeObject, never>[] = [modules, secrets, namespaceStore, ...children.values()];

  return {
    modules,
    secrets,
    namespaces: namespaceStore,
    childKinds: [...children.keys()],
    children(kind) {
      const store = children.get(kind);
      if (store === undefined) throw new Error(`The kind ${kind} is not followed.`);
      return store;
    },
    ownedBy: (uid) => [...children.values()].flatMap((store) => store.byIndex("owner", uid)),
    async whenSynced(until) {
      await Promise.all(all.map((store) => store.whenSynced(until)));
    },
    get synced() {
      return all.every((store) => store.synced);
    },
  };
}

/** Names of the Secrets that a module hangs on. */
export function secretsOf(spec: ModuleSpec | undefined, { databaseSecret }: Pick<Settings, "databaseSecret">): string[] {
  if (spec === undefined) return [];
  const named = Array.isArray(spec.secrets)
    ? spec.secrets.map((secret) => secret?.from?.secret).filter((name) => typeof name === "string")
    : [];
  return spec.database === undefined && spec.events === undefined ? named : [...named, databaseSecret];
}

function optionalKinds({ monitoring, exposure }: Settings): KindName[] {
  return [
    ...(monitoring.serviceMonitors ? (["ServiceMonitor"] as const) : []),
    ...(monitoring.prometheusRules ? (["PrometheusRule"] as const) : []),
    ...(exposure === undefined ? [] : [exposure.kind]),
  ];
}
