import type { KubeObject } from "@plinth/kernel/kube";
import type { ModuleStatus } from "@plinth/module";

/** What the API server makes up by itself, or what tells two runs apart that are the same. */
const ARBITRARY = new Set([
  "clusterIP",
  "clusterIPs",
  "plinth.dev/desired-hash",
  "settingsHash",
  "lastTransitionTime",
  "finishedAt",
  "observedGeneration",
]);
const SERVER_SIDE = ["uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "managedFields", "selfLink"];

/**
 * One line for each object of a namespace, in which nothing differs between two namespaces where the same was done: what it is, who owns it, what holds it,
 * and what is in it. `before` are the uids of an earlier time: what has been made anew since is said so.
 */
export function describeObjects(namespace: string, objects: readonly KubeObject[], before: ReadonlyMap<string, string>): string[] {
  const owners = new Map(objects.filter(({ kind }) => kind === "Module").map(({ metadata }) => [metadata.uid, metadata.name]));
  return objects
    .filter((object) => !isServers(object))
    .map((object) => {
      const { kind, metadata } = object;
      const { name, uid, ownerReferences = [], finalizers = [], deletionTimestamp } = metadata;
      const known = before.get(`${kind}/${name}`);
      const age = known === undefined ? "new" : known === uid ? "kept" : "made anew";
      const owned = ownerReferences.map((owner) => owners.get(owner.uid) ?? `${owner.kind} that is gone`).join(",");
      const going = deletionTimestamp === undefined ? "" : " going";
      return `${kind} ${name} ${age}${going}, owned by [${owned}], held by [${finalizers}]: ${contentOf(object)}`.replaceAll(
        namespace,
        "(namespace)",
      );
    })
    .sort();
}

/** The uids of objects by kind and name. */
export function uidsOf(objects: readonly KubeObject[]): Map<string, string> {
  return new Map(objects.map(({ kind, metadata }) => [`${kind}/${metadata.name}`, metadata.uid ?? ""]));
}

/** What is there without the operator. */
function isServers({ kind, metadata }: KubeObject): boolean {
  return (kind === "ConfigMap" && metadata.name === "kube-root-ca.crt") || (kind === "ServiceAccount" && metadata.name === "default");
}

function contentOf(object: KubeObject): string {
  const { apiVersion: _apiVersion, kind, metadata, status, spec, data, ...rest } = object;
  const { labels, annotations } = metadata;
  switch (kind) {
    case "Module":
      return text({ annotations, status: withoutVolatile(status as ModuleStatus | undefined) });
    case "Secret":
      return text({ labels, keys: Object.keys((data ?? {}) as object).sort() });
    case "Job":
      // The API server writes uids into a Job's template.
      return text({ annotations });
    default:
      return text({ labels, annotations, spec, data, ...rest });
  }
}

function withoutVolatile(status: ModuleStatus | undefined): object {
  const { conditions = [], ...rest } = status ?? {};
  return { ...rest, conditions: conditions.map(({ type, status: is, reason }) => `${type}=${is}/${reason}`) };
}

function text(content: object): string {
  return JSON.stringify(content, (key, value: unknown) => (ARBITRARY.has(key) || SERVER_SIDE.includes(key) ? undefined : value));
}
