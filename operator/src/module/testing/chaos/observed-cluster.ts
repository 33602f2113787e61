import type { KubeClient, KubeObject } from "@plinth/kernel/kube";
import { silentLogger } from "@plinth/kernel/logging";
import { KINDS, type KindName } from "../../../kube/kinds.ts";
import { runReflector } from "../../../runtime/reflector.ts";
import { createStore } from "../../../runtime/store.ts";

/** Whatever the operator may make, and what it makes it for. */
const SEEN_KINDS = [
  "Module",
  "ServiceAccount",
  "Role",
  "RoleBinding",
  "ConfigMap",
  "Secret",
  "Service",
  "NetworkPolicy",
  "ControllerRevision",
  "Job",
  "Deployment",
  "HorizontalPodAutoscaler",
  "PodDisruptionBudget",
] as const satisfies readonly KindName[];

/** What is in the namespaces of a cluster, seen from outside the operator, and what has ever been there. */
export interface ObservedCluster {
  /** What there is now, by kind and name. */
  objects(namespace: string): KubeObject[];
  /** Every object that has ever been there under this kind, by uid: as it was last. */
  everSeen(namespace: string, kind: KindName): KubeObject[];
  /** By Secret, all values that each of its keys has ever had. */
  secretValues(namespace: string): Map<string, Set<string>>;
  /** Resolves when the condition holds; it is looked at after each change. When the signal aborts it fails with what `explain` says. */
  when(condition: () => boolean, explain: () => string): Promise<void>;
}

export async function observeCluster(client: KubeClient, signal: AbortSignal): Promise<ObservedCluster> {
  const looks = new Set<() => void>();
  const seen = new Map<string, KubeObject>();
  const values = new Map<string, Map<string, Set<string>>>();
  const stores = SEEN_KINDS.map((kind) => {
    const store = createStore<KubeObject>({ logger: silentLogger });
    store.onChange(({ type, object }) => {
      if (type === "set") note(kind, object);
      for (const look of [...looks]) look();
    });
    void runReflector({ client, resource: KINDS[kind], store, logger: silentLogger, signal });
    return { kind, store };
  });

  function note(kind: KindName, object: KubeObject): void {
    const { uid = "", namespace = "", name } = object.metadata;
    seen.set(`${namespace} ${kind} ${uid}`, object);
    if (kind !== "Secret") return;
    const known = values.get(namespace) ?? new Map<string, Set<string>>();
    values.set(namespace, known);
    for (const [key, value] of Object.entries((object.data ?? {}) as Record<string, string>)) {
      known.set(`${name}/${key}`, (known.get(`${name}/${key}`) ?? new Set<string>()).add(value));
    }
  }

  await Promise.all(stores.map(({ store }) => store.whenSynced(signal)));
  return {
    objects: (namespace) =>
      stores.flatMap(({ kind, store }) =>
        [...store.list()].filter(({ metadata }) => metadata.namespace === namespace).map((object) => ({ ...object, kind })),
      ),
    everSeen: (namespace, kind) => [...seen].flatMap(([key, object]) => (key.startsWith(`${namespace} ${kind} `) ? [object] : [])),
    secretValues: (namespace) => values.get(namespace) ?? new Map(),
    when(condition, explain) {
      return new Promise((resolve, reject) => {
        function look(): void {
          if (!condition()) return;
          end();
          resolve();
        }
        function give(): void {
          end();
          reject(new Error(explain()));
        }
        function end(): void {
          looks.delete(look);
          signal.removeEventListener("abort", give);
        }
        looks.add(look);
        signal.addEventListener("abort", give);
        look();
      });
    },
  };
}
