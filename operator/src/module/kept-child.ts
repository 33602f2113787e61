import type { KubeObject } from "@plinth/kernel/kube";

/** As the cache holds a child: what reconciles decide by can be read as it is, and the rest is one text of JSON, a fifth of what its objects would take. */
export interface KeptChild extends KubeObject {
  /** Everything else of the child; `wholeChild` unfolds it. */
  readonly packed: string;
}

/** Whose fields are read at each reconcile, and of which there is one for a migration at most. */
const WHOLE = new Set(["Secret", "Job"]);

interface Condition {
  readonly type: string;
}

/** What is kept of a child. Of one that is kept already, itself. */
export function keepChild(child: KubeObject): KubeObject {
  if (WHOLE.has(child.kind) || "packed" in child) return child;
  const { apiVersion, kind, metadata, status, ...rest } = child;
  const {
    labels,
    creationTimestamp: _created,
    managedFields: _fields,
    ...named
  } = metadata as typeof metadata & { managedFields?: unknown };
  const packed = JSON.stringify({ ...rest, labels });
  return { apiVersion, kind, metadata: named, ...readable(kind, rest, status), packed };
}

/** The child with all that it declares; of its status only what is kept. */
export function wholeChild(child: KubeObject): KubeObject {
  if (!("packed" in child)) return child;
  const { packed, ...kept } = child as KeptChild;
  const { labels, ...rest } = JSON.parse(packed) as { labels?: Record<string, string> };
  return { ...kept, ...rest, metadata: { ...kept.metadata, ...(labels !== undefined && { labels }) } };
}

/** How far a Deployment is, what an autoscaler did, which revision is the newest: the rest of what controllers report is nobody's business here. */
function readable(
  kind: string,
  { spec, data, revision }: Readonly<Record<string, unknown>>,
  status: unknown,
): Record<string, unknown> | undefined {
  if (kind === "ControllerRevision") return (data as { spec?: unknown } | null | undefined)?.spec === undefined ? undefined : { revision };
  if (kind === "HorizontalPodAutoscaler") {
    const { lastScaleTime } = (status ?? {}) as { lastScaleTime?: string };
    return lastScaleTime === undefined ? undefined : { status: { lastScaleTime } };
  }
  if (kind !== "Deployment") return undefined;
  const { replicas } = (spec ?? {}) as { replicas?: number };
  const { conditions, ...counts } = (status ?? {}) as { conditions?: readonly Condition[] };
  const progressing = conditions?.filter(({ type }) => type === "Progressing");
  return {
    ...(replicas !== undefined && { spec: { replicas } }),
    ...(status !== undefined && { status: { ...counts, ...(progressing !== undefined && { conditions: progressing }) } }),
  };
}
