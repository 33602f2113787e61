import { isDeepStrictEqual } from "node:util";

/** Whether a value keeps to a schema. */
export type Matcher = (value: unknown) => boolean;

export type Formats = Readonly<Record<string, (text: string) => boolean>>;

interface Schema {
  readonly [keyword: string]: unknown;
}

/** Keywords that say nothing about which values are right. */
const ANNOTATIONS = new Set(["title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment"]);

const TYPES: Readonly<Record<string, Matcher>> = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === "string",
  boolean: (value) => typeof value === "boolean",
  integer: Number.isInteger,
  number: Number.isFinite,
  null: (value) => value === null,
};

/**
 * Answers yes or no, in the keywords that schemas of ours are written with, and compiles in next to no time. What is wrong with a value that it refuses is
 * Ajv's to explain, which takes a tenth of a second and 25 MB to do so: nobody should pay that whose values are right. Throws for a keyword or format
 * that it does not know.
 */
export function matcherOf(schema: object, formats: Formats = {}): Matcher {
  const checks: Matcher[] = [];
  for (const [keyword, given] of Object.entries(schema)) {
    if (given === undefined || ANNOTATIONS.has(keyword) || keyword.startsWith("x-")) continue;
    const make = KEYWORDS[keyword];
    if (make === undefined) throw new Error(`The keyword ${keyword} is not known to this matcher.`);
    const check = make(given, schema as Schema, formats);
    if (check !== undefined) checks.push(check);
  }
  return (value) => checks.every((check) => check(value));
}

/** What a keyword asks of a value; of values of other types it asks nothing. Undefined where another keyword asks for it, too. */
type Make = (given: never, schema: Schema, formats: Formats) => Matcher | undefined;

const KEYWORDS: Readonly<Record<string, (given: unknown, schema: Schema, formats: Formats) => Matcher | undefined>> = {
  type: (given: string | readonly string[]) => {
    const types = [given].flat().map((name) => TYPES[name] ?? unknownType(name));
    return types.length === 1 ? types[0] : (value) => types.some((is) => is(value));
  },
  enum: (given: readonly unknown[]) => (value) => given.some((allowed) => isDeepStrictEqual(allowed, value)),
  const: (given: unknown) => (value) => isDeepStrictEqual(given, value),
  pattern: (given: string) => {
    const pattern = new RegExp(given, "u");
    return ofText((text) => pattern.test(text));
  },
  format: (given: string, _schema, formats) => {
    const is = formats[given];
    if (is === undefined) throw new Error(`The format ${given} is not known to this matcher.`);
    return ofText(is);
  },
  minLength: (given: number) => ofText((text) => lengthOf(text) >= given),
  maxLength: (given: number) => ofText((text) => text.length <= given || lengthOf(text) <= given),
  minimum: (given: number) => (value) => typeof value !== "number" || value >= given,
  maximum: (given: number) => (value) => typeof value !== "number" || value <= given,
  minItems: (given: number) => (value) => !Array.isArray(value) || value.length >= given,
  maxItems: (given: number) => (value) => !Array.isArray(value) || value.length <= given,
  uniqueItems: (given: boolean) => (given ? hasNoTwins : undefined),
  items: (given: object, _schema, formats) => {
    const matches = matcherOf(given, formats);
    return (value) => !Array.isArray(value) || value.every(matches);
  },
  minProperties: (given: number) => (value) => !isObject(value) || Object.keys(value).length >= given,
  maxProperties: (given: number) => (value) => !isObject(value) || Object.keys(value).length <= given,
  required: (given: readonly string[]) => (value) => !isObject(value) || given.every((key) => value[key] !== undefined),
  properties: (given: Readonly<Record<string, object>>, _schema, formats) => {
    const known = Object.entries(given).map(([key, schema]) => [key, matcherOf(schema, formats)] as const);
    return (value) => !isObject(value) || known.every(([key, matches]) => value[key] === undefined || matches(value[key]));
  },
  additionalProperties: (given: boolean | object, schema, formats) => {
    if (given === true) return undefined;
    const known = new Set(Object.keys((schema.properties as object | undefined) ?? {}));
    const matches = given === false ? () => false : matcherOf(given, formats);
    return (value) => !isObject(value) || Object.keys(value).every((key) => known.has(key) || matches(value[key]));
  },
} satisfies Record<string, Make> as Readonly<Record<string, (given: unknown, schema: Schema, formats: Formats) => Matcher | undefined>>;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function ofText(is: (text: string) => boolean): Matcher {
  return (value) => typeof value !== "string" || is(value);
}

/** In characters, as JSON Schema counts, and not in units of UTF-16. */
function lengthOf(text: string): number {
  let length = 0;
  for (const _character of text) length++;
  return length;
}

function hasNoTwins(value: unknown): boolean {
  return !Array.isArray(value) || value.every((item, index) => value.slice(0, index).every((other) => !isDeepStrictEqual(item, other)));
}

function unknownType(name: string): never {
  throw new Error(`The type ${name} is not known to this matcher.`);
}
