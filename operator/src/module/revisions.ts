import type { KubeObject } from "@plinth/kernel/kube";
import { API_GROUP, API_VERSION, type Module, type ModuleSpec } from "@plinth/module";
import { hashOf } from "./desired/desired-hash.ts";
import { wholeChild } from "./kept-child.ts";

/** How many accepted specs of a module are kept. */
export const REVISIONS_KEPT = 10;

/** Fields that say how a spec is run at the moment, and not what runs: a revision is the same whatever they are. */
const FREE_FIELDS = ["replicas", "paused", "deletionPolicy"] as const;

/** One accepted spec, as it is kept in a ControllerRevision. */
export interface Revision {
  /** The ControllerRevision's name: the module's, and ten digits of the spec's hash. */
  readonly name: string;
  /** Grows with each acceptance: the greatest was accepted last. */
  readonly number: number;
  readonly spec: ModuleSpec;
}

const names = new WeakMap<Module, string>();

/** The name of the revision that a module's spec is. */
export function revisionName(module: Module): string {
  const known = names.get(module);
  if (known !== undefined) return known;
  const name = `${module.metadata.name}-${hashOf(withoutFree(module.spec), 10)}`;
  names.set(module, name);
  return name;
}

const read = new WeakMap<KubeObject, Revision>();

/** Reads a ControllerRevision of ours, as it is in the cluster or in the cache; undefined if it is none. */
export function readRevision(object: KubeObject): Revision | undefined {
  const known = read.get(object);
  if (known !== undefined) return known;
  if (object.revision === undefined || ("data" in object && specOf(object) === undefined)) return undefined;
  let spec: ModuleSpec | undefined;
  const made: Revision = {
    name: object.metadata.name,
    number: Number(object.revision),
    // Of hardly any revision is more wanted than name and number.
    get spec() {
      spec ??= specOf(wholeChild(object)) as ModuleSpec;
      return spec;
    },
  };
  read.set(object, made);
  return made;
}

function specOf({ data }: KubeObject): ModuleSpec | undefined {
  return (data as { spec?: ModuleSpec } | undefined)?.spec;
}

const restored = new WeakMap<ModuleSpec, { module: Module; made: Module }>();

/** The module with the spec of an older revision; what is free of revisions stays as it is declared now. */
export function atRevision(module: Module, revision: Revision): Module {
  const last = restored.get(revision.spec);
  if (last?.module === module) return last.made;
  const free = FREE_FIELDS.flatMap((field) => (module.spec[field] === undefined ? [] : [[field, module.spec[field]] as const]));
  // An autoscaler of an older spec and a count of the newer one would exclude each other.
  const kept = revision.spec.autoscaling === undefined ? free : free.filter(([field]) => field !== "replicas");
  const made: Module = { ...module, spec: { ...withoutFree(revision.spec), ...Object.fromEntries(kept) } };
  restored.set(revision.spec, { module, made });
  return made;
}

/** The ControllerRevision of an accepted spec. Without labels and owner, which all children have alike. */
export function buildRevision(module: Module, number: number): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: revisionName(module),
      ...(module.metadata.namespace !== undefined && { namespace: module.metadata.namespace }),
      annotations: { "plinth.dev/version": module.spec.version },
    },
    data: { apiVersion: `${API_GROUP}/${API_VERSION}`, kind: "Module", spec: withoutFree(module.spec) },
    revision: number,
  };
}

/**
 * The revision that was accepted last. An accepted spec that equals an older revision takes that one again, with a number above all others, as
 * Kubernetes' own controllers do.
 */
export function latestRevision(revisions: readonly Revision[]): Revision | undefined {
  return revisions.reduce<Revision | undefined>((last, one) => (last === undefined || one.number > last.number ? one : last), undefined);
}

/** Names of revisions beyond those that are kept; what serves, comes or failed is kept in any case. */
export function obsoleteRevisions(revisions: readonly Revision[], inUse: readonly (string | undefined)[]): string[] {
  return [...revisions]
    .sort((a, b) => b.number - a.number)
    .slice(REVISIONS_KEPT)
    .flatMap(({ name }) => (inUse.includes(name) ? [] : [name]));
}

function withoutFree(spec: ModuleSpec): ModuleSpec {
  const { replicas: _replicas, paused: _paused, deletionPolicy: _deletionPolicy, ...rest } = spec;
  return rest;
}
