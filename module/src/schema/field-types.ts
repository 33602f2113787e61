import { type TArray, type TSchema, type TString, type TUnsafe, Type } from "@sinclair/typebox";
import type { Reason } from "../problem.ts";

/**
 * Annotations that the schema carries besides JSON Schema's own keywords. `x-reason` and `x-mend` say which refusal a violation is and how to
 * mend it; `x-kubernetes-*` go into the CRD. `ANNOTATIONS` lists them all, so that validators know and editors' schemas drop them.
 */
export interface Annotations {
  "x-reason"?: Reason;
  "x-mend"?: string;
  "x-kubernetes-validations"?: readonly CelRule[];
}

/** One CEL rule of a CRD: the API server refuses an object for which it is false. */
export interface CelRule {
  rule: string;
  message: string;
}

/** Keywords of the schema that are not JSON Schema's. */
export const ANNOTATIONS = [
  "x-reason",
  "x-mend",
  "x-kubernetes-validations",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-int-or-string",
  "x-kubernetes-preserve-unknown-fields",
];

// Every pattern runs in JavaScript and in the API server's RE2: no look-around, no back-references. Every string and list has a bound,
// because the API server estimates a CEL rule's cost from the bounds and refuses a CRD whose rules could cost too much.
const NAME = "^[a-z]([-a-z0-9]*[a-z0-9])?$";
const TOPIC = "^[a-z][a-z0-9_-]*(\\.[a-z][a-z0-9_-]*)*$";
const PERMISSION = "^[a-z][a-z0-9-]*\\.[a-z][a-z0-9_-]*\\.[a-z][a-z0-9_-]*$";
const GRANT = "^[a-z][a-z0-9-]*\\.(\\*|[a-z][a-z0-9_-]*\\.(\\*|[a-z][a-z0-9_-]*))$";
const RPC_METHOD = "^[a-zA-Z_][a-zA-Z0-9_]*(\\.[a-zA-Z_][a-zA-Z0-9_]*)+/[a-zA-Z_][a-zA-Z0-9_]*$";
const DURATION = "^[1-9][0-9]{0,8}(ms|s|m|h|d)$";
const BYTE_SIZE = "^[1-9][0-9]{0,8}(Ki|Mi|Gi)?$";
const QUANTITY = "^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$";
const PERCENTAGE = "^(100|[1-9]?[0-9])%$";
const HEADER_NAME = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";
const HEADER_VALUE = "^[\\t\\x20-\\x7e]*$";
const PATH =
  "^(/|(/([A-Za-z0-9._~!$&'()+,;=:@-]+|\\*(:[A-Za-z0-9_-]+)?|\\{[a-zA-Z_][a-zA-Z0-9_]*\\}(:[A-Za-z0-9_-]+)?))+(/\\*\\*)?|/\\*\\*)$";
// The pattern that semver.org recommends.
const SEMVER =
  "^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\\+[0-9a-zA-Z-]+(\\.[0-9a-zA-Z-]+)*)?$";

/** The longest name of a module: leaves room for `-migrate-1.10.12` in the 63 characters of a Kubernetes name. */
const MAX_NAME_LENGTH = 40;

interface TextOptions extends Annotations {
  description?: string;
  default?: string;
}

function text(pattern: string, maxLength: number, mend: string): (options?: TextOptions) => TString {
  return (options = {}) => Type.String({ minLength: 1, maxLength, pattern, "x-mend": mend, ...options });
}

export const name = text(
  NAME,
  MAX_NAME_LENGTH,
  `use lower-case letters, digits and dashes, beginning with a letter, at most ${MAX_NAME_LENGTH}`,
);
export const topic = text(TOPIC, 120, "write a topic as catalog.product: lower-case words joined by dots");
export const eventType = text(TOPIC, 160, "write an event type as catalog.product.deleted: its topic, a dot and what happened");
export const rpcMethod = text(RPC_METHOD, 200, "write the RPC's full name, as plinth.promotion.v1.PromotionService/Evaluate");
export const duration = text(DURATION, 12, "write a duration as 250ms, 2s, 5m, 1h or 7d");
export const path = text(PATH, 300, "write a path as /api/v1/posts/{id}, with * for one segment and ** at the end for the rest");
export const requestPath = text(
  "^/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*(\\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?$",
  300,
  "write the path of a request, as /health",
);
export const variableName = text("^[A-Za-z_][A-Za-z0-9_]*$", 100, "name it as an environment variable: LOG_LEVEL");
export const externalHost = text(
  "^(\\*|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(/[0-9]{1,2})?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(/[0-9]{1,3})?)$",
  253,
  "write a DNS name, an address, a range as 203.0.113.0/24, or * for any host",
);
export const headerName = text(HEADER_NAME, 100, "write a header's name as X-Robots-Tag");
export const schemaName = text("^[a-z][a-z0-9_]*$", 40, "use lower-case letters, digits and underscores, beginning with a letter");
export const secretName = text("^[A-Z][A-Z0-9_]*$", 100, "name it as an environment variable: FX_API_KEY");

export const permission = (options: TextOptions = {}): TString =>
  text(
    PERMISSION,
    160,
    "write a permission as module.resource.action, for instance blog.post.create",
  )({
    "x-reason": "PermissionInvalid",
    ...options,
  });

export const grant = (options: TextOptions = {}): TString =>
  text(
    GRANT,
    160,
    "name a permission (blog.post.create), or all of a resource (blog.post.*) or of a module (blog.*)",
  )({
    "x-reason": "RoleInvalid",
    ...options,
  });

export const semver = (options: TextOptions = {}): TString =>
  text(SEMVER, 80, "write a semantic version, as 1.4.0")({ "x-reason": "VersionInvalid", ...options });

/** A text without a form of its own. */
export const plain = (maxLength: number, options: TextOptions = {}): TString => Type.String({ minLength: 1, maxLength, ...options });

/** One of some words. */
export function oneOf<const Values extends readonly string[]>(values: Values, options: TextOptions = {}): TUnsafe<Values[number]> {
  return Type.Unsafe<Values[number]>({ type: "string", enum: values, ...options });
}

const intOrString = (pattern: string, mend: string) => (options: TextOptions) =>
  Type.Unsafe<number | string>({
    type: ["integer", "string"],
    minimum: 0,
    maxLength: 20,
    pattern,
    "x-kubernetes-int-or-string": true,
    "x-mend": mend,
    ...options,
  });

export const quantity = intOrString(QUANTITY, "write a Kubernetes quantity, as 250m or 96Mi");
export const byteSize = intOrString(BYTE_SIZE, "write a size as 65536, 512Ki or 4Mi");
export const countOrPercentage = intOrString(PERCENTAGE, "write a count, as 1, or a percentage, as 25%");

/** A map from text to text. */
export const textMap = (description: string): TUnsafe<Record<string, string>> =>
  Type.Unsafe<Record<string, string>>({
    type: "object",
    maxProperties: 100,
    additionalProperties: { type: "string", maxLength: 4096 },
    description,
  });

/** Response headers by name. */
export const headerMap = (description: string, values: TString): TUnsafe<Record<string, string>> =>
  Type.Unsafe<Record<string, string>>({ type: "object", maxProperties: 30, additionalProperties: values, description });

export const headerValue = Type.String({
  maxLength: 1000,
  pattern: HEADER_VALUE,
  "x-mend": "use printable ASCII on one line",
});

/** Any JSON object; its form is another's business. */
export const freeForm = (description: string): TUnsafe<Record<string, unknown>> =>
  Type.Unsafe<Record<string, unknown>>({ type: "object", "x-kubernetes-preserve-unknown-fields": true, description });

/** An object with exactly these fields. */
export const closed = { additionalProperties: false } as const;

/** A list whose entries are told apart by one field, which the API server keeps unique. */
export function listBy<Item extends TSchema>(
  key: string,
  item: Item,
  maxItems: number,
  options: { description?: string } = {},
): TArray<Item> {
  return Type.Array(item, { maxItems, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key], ...options });
}

/** A list of different scalars. */
export function setOf<Item extends TSchema>(
  item: Item,
  maxItems: number,
  options: { minItems?: number; description?: string } = {},
): TArray<Item> {
  return Type.Array(item, { maxItems, uniqueItems: true, "x-kubernetes-list-type": "set", ...options });
}

/** A list in which the order counts. */
export function list<Item extends TSchema>(item: Item, maxItems: number, options: { description?: string } = {}): TArray<Item> {
  return Type.Array(item, { maxItems, "x-kubernetes-list-type": "atomic", ...options });
}
