import type { KubeObject } from "@plinth/kernel/kube";
import { checkModule, type Module, type ModuleStatus, type Problem } from "@plinth/module";

/** One Module of a namespace as it is declared, with what others must know of how it is. */
export interface ModuleEntry {
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  /** The declaration, without status: the same object for as long as nothing that was declared changes. Undefined if its form is wrong. */
  readonly module: Module | undefined;
  /** Otherwise the parts that are in order, if there are any. */
  readonly draft: Module | undefined;
  /** What is wrong with its form. */
  readonly problems: readonly Problem[];
  /** The version that serves now; undefined while none does. */
  readonly running: string | undefined;
  /** Whether others can use it: it serves, and at least one replica is ready or none is wanted. */
  readonly isUp: boolean;
  readonly phase: string | undefined;
  /** Equal texts: nothing that was declared has changed. */
  readonly declared: string;
}

/** Reads a Module from the cache; `before` is what was read last of the same name. */
export function readEntry(object: KubeObject, before: ModuleEntry | undefined): ModuleEntry {
  const { name, uid = "", generation = 0, labels, annotations, deletionTimestamp } = object.metadata;
  const declared = JSON.stringify([uid, generation, labels, annotations, deletionTimestamp]);
  const status = object.status as ModuleStatus | undefined;
  const running = status?.currentRevision === undefined ? undefined : status.version;
  const live = {
    running,
    isUp: running !== undefined && ((status?.readyReplicas ?? 0) > 0 || status?.summary?.ready === "0/0"),
    phase: status?.phase,
  };
  if (before?.declared === declared) return { ...before, ...live };
  const { module, draft, problems } = checkModule({
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: withoutUndefined({
      name,
      namespace: object.metadata.namespace,
      uid,
      generation,
      labels,
      annotations,
      creationTimestamp: object.metadata.creationTimestamp,
      deletionTimestamp,
    }),
    spec: object.spec,
  });
  return { name, uid, generation, module, draft, problems, declared, ...live };
}

function withoutUndefined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
