import type { KubeObject } from "@plinth/kernel/kube";

/** What the API server asks about one request to it (admission.k8s.io/v1). */
export interface AdmissionRequest {
  readonly uid: string;
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly name: string;
  readonly namespace: string;
  /** What it would be; absent on DELETE. */
  readonly object?: KubeObject;
  /** What it was; absent on CREATE. */
  readonly oldObject?: KubeObject;
}

/** One step of a JSON patch (RFC 6902). */
export interface PatchStep {
  readonly op: "add";
  readonly path: string;
  readonly value: unknown;
}

/** What we say about it. */
export interface Verdict {
  readonly allowed: boolean;
  /** Why not: what whoever asked will read. */
  readonly message?: string;
  /** Shown to whoever asked, also where it is allowed. One line each: they travel in headers. */
  readonly warnings?: readonly string[];
  readonly patch?: readonly PatchStep[];
}

/** The API server cuts warnings that are longer. */
const LONGEST_WARNING = 256;
/** In all it passes on 4,096 characters, then it cuts each to 120. */
const MOST_WARNINGS = 16;

const OPERATIONS: ReadonlySet<unknown> = new Set(["CREATE", "UPDATE", "DELETE", "CONNECT"]);

/** Reads the body of a request; undefined where it is no AdmissionReview that we know how to answer. */
export function readAdmissionReview(body: unknown): AdmissionRequest | undefined {
  if (!isObject(body) || body.apiVersion !== "admission.k8s.io/v1" || body.kind !== "AdmissionReview") return undefined;
  const { request } = body;
  if (!isObject(request) || typeof request.uid !== "string" || !OPERATIONS.has(request.operation)) return undefined;
  const { uid, operation, name, namespace, object, oldObject } = request;
  return {
    uid,
    operation: operation as AdmissionRequest["operation"],
    name: typeof name === "string" ? name : "",
    namespace: typeof namespace === "string" ? namespace : "",
    ...(isObject(object) && { object: object as unknown as KubeObject }),
    ...(isObject(oldObject) && { oldObject: oldObject as unknown as KubeObject }),
  };
}

/** The answer as the API server takes it. */
export function buildAdmissionReview(uid: string, { allowed, message, warnings = [], patch = [] }: Verdict): unknown {
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: {
      uid,
      allowed,
      ...(message !== undefined && { status: { code: 422, message } }),
      ...(warnings.length > 0 && { warnings: shortened(warnings) }),
      ...(patch.length > 0 && { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") }),
    },
  };
}

function shortened(warnings: readonly string[]): string[] {
  const lines = warnings.slice(0, MOST_WARNINGS).map((warning) => {
    const line = warning.replace(/\s+/g, " ");
    return line.length <= LONGEST_WARNING ? line : `${line.slice(0, LONGEST_WARNING - 1)}…`;
  });
  return warnings.length <= MOST_WARNINGS ? lines : [...lines.slice(0, -1), `and ${warnings.length - MOST_WARNINGS + 1} more warnings`];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
