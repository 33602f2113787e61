import type { KubeObject } from "@plinth/kernel/kube";
import { checkModule, type Module, type ModuleStatus } from "@plinth/module";

/** A Module that the API server has, as the review of another one sees it. */
export interface StandingModule {
  readonly name: string;
  /** What of it is in order: the whole, or what of it can be read. */
  readonly module: Module;
  /** It was refused, or has not the form of a module: it is there, but has no claim to anything. */
  readonly isRefused: boolean;
  /** The version that runs; where none does yet, the one that will. */
  readonly version: string;
  readonly isUp: boolean;
}

/** Of objects of the cache, which stay the same as long as nothing changes. */
const known = new WeakMap<KubeObject, StandingModule | undefined>();

/** Undefined for what cannot be read at all. */
export function readStanding(object: KubeObject): StandingModule | undefined {
  if (known.has(object)) return known.get(object);
  const read = readAnew(object);
  known.set(object, read);
  return read;
}

function readAnew(object: KubeObject): StandingModule | undefined {
  const { module, draft } = checkModule(object);
  const readable = module ?? draft;
  if (readable === undefined) return undefined;
  const status = object.status as ModuleStatus | undefined;
  return {
    name: readable.metadata.name,
    module: readable,
    isRefused: module === undefined || isRefused(status, object.metadata.generation),
    version: status?.version ?? readable.spec.version,
    isUp: status?.phase === "Running" || status?.phase === "Degraded",
  };
}

function isRefused(status: ModuleStatus | undefined, generation: number | undefined): boolean {
  const isJudged = (observed: number | undefined): boolean => observed === undefined || observed === generation;
  return (
    status?.conditions?.some(
      (condition) => condition.type === "Validated" && condition.status === "False" && isJudged(condition.observedGeneration),
    ) ?? false
  );
}
