import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { SECRET_NUMBER, SECRET_TEXT } from "./leaks.ts";
import type { RawRequest } from "./raw-http.ts";

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly minLength?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: Schema;
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Omit<Operation, "method" | "path">>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export interface Operation {
  readonly method: string;
  /** With `{parameters}`. */
  readonly path: string;
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

export function operationsOf(document: OpenApi): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  );
}

/**
 * The same requests each time for one seed: bad in one place or in all, some of them good.
 * @param ids of what there is, for paths.
 */
export function requestsFor(document: OpenApi, operation: Operation, ids: readonly string[], count: number, seed: number): RawRequest[] {
  return fc.sample(request(document, operation, ids), { numRuns: count, seed });
}

const DEEP = 3000;
const deep = (open: string, close: string, inside: string) => open.repeat(DEEP) + inside + close.repeat(DEEP);

/** Values that have broken programs before. */
const NASTY_TEXTS = [
  "",
  " ",
  "null",
  "undefined",
  "-1",
  "NaN",
  "1e999",
  "99999999999999999999999999",
  "'; drop table users; --",
  "' or '1'='1",
  "%' or 1=1 --",
  "../../../../etc/passwd",
  "..\\..\\windows",
  "<script>alert(1)</script>",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as an attacker writes it
  "${7*7}{{7*7}}",
  "a\r\nset-cookie: x=1",
  "\0",
  "a\0b",
  "\u202e\ufeff\u200b",
  "😀".repeat(100),
  "İıſK",
  "e\u0301".repeat(500),
  "\ud7ff\ue000",
  "a".repeat(5000),
  "a".repeat(100_000),
  "__proto__",
  "constructor",
  "toString",
  "*",
  "2026-02-30T25:61:61Z",
  "9999-12-31T23:59:59.999999999Z",
  "0000-00-00T00:00:00Z",
];

const NASTY_VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e308,
  2 ** 31,
  -(2 ** 63),
  Number.MAX_SAFE_INTEGER,
  [],
  {},
  [[]],
  [null],
  { a: { b: { c: [] } } },
  Array(2000).fill("x"),
  Array(300).fill(null),
  ["a", "a"],
  { seconds: 1, nanos: 2 },
  { "@type": "type.googleapis.com/google.protobuf.Any" },
];

const nastyText = fc.oneof(fc.constantFrom(...NASTY_TEXTS), fc.string({ unit: "grapheme", maxLength: 40 }), fc.string({ maxLength: 200 }));
const nastyValue = fc.oneof(fc.constantFrom(...NASTY_VALUES), nastyText, fc.jsonValue({ maxDepth: 4 }));
/** A secret in the form of its field and in wrong ones, of which an error could quote it. */
const secretValue = fc.oneof(
  fc.constant<unknown>(SECRET_TEXT),
  fc.constantFrom<unknown>(
    SECRET_NUMBER,
    [SECRET_TEXT],
    { value: SECRET_TEXT },
    SECRET_TEXT.repeat(400),
    `${SECRET_TEXT}\0`,
    -SECRET_NUMBER,
  ),
);

const SECRET_NAME = /password|secret|hash|totp_code|^code$|^token$|[^e]_token$/;

function request(document: OpenApi, operation: Operation, ids: readonly string[]): fc.Arbitrary<RawRequest> {
  const schema = operation.requestBody?.content["application/json"]?.schema;
  return fc
    .record({
      path: targetOf(document, operation, ids),
      headers: nastyHeaders,
      body: schema === undefined ? rarely(rawBody(document, undefined)) : bodyOf(document, schema),
    })
    .map(({ path, headers, body }) => {
      const sent = body?.headers ?? [];
      const names = new Set(sent.map(([name]) => name));
      return { method: operation.method, path, headers: [...sent, ...headers.filter(([name]) => !names.has(name))], body: body?.bytes };
    });
}

interface Body {
  readonly bytes: Uint8Array | undefined;
  readonly headers: readonly (readonly [string, string])[];
}

const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined, freq: 1 });

function bodyOf(document: OpenApi, schema: Schema): fc.Arbitrary<Body> {
  const good = plausible(document, schema, 0) as Record<string, unknown>;
  const fields = Object.keys(good);
  const secrets = fields.filter((field) => SECRET_NAME.test(field));
  const required = resolved(document, schema).required ?? [];
  const optional = fields.filter((field) => !required.includes(field));
  /** Good but for its secrets, with some of what may be left out. */
  const withSecrets = fc.tuple(fc.subarray(optional), ...secrets.map(() => secretValue)).map(([chosen, ...values]) => {
    const kept = fields.filter((field) => required.includes(field) || chosen.includes(field));
    return Object.fromEntries(kept.map((field) => [field, secrets.includes(field) ? values[secrets.indexOf(field)] : good[field]]));
  });
  const oneBad = fc
    .tuple(withSecrets, fc.constantFrom("no_such_field", ...fields.filter((field) => !secrets.includes(field))), nastyValue)
    .map(([body, field, value]) => ({ ...body, [field]: value }));
  const allBad = fc
    .tuple(withSecrets, fc.array(nastyValue, { minLength: fields.length, maxLength: fields.length }))
    .map(([body, values]) =>
      Object.fromEntries(fields.map((field, index) => [field, secrets.includes(field) ? body[field] : values[index]])),
    );
  const json = fc
    .oneof({ arbitrary: withSecrets, weight: 2 }, { arbitrary: oneBad, weight: 2 }, allBad)
    .map((body) => asJson(JSON.stringify(body)));
  return fc.oneof({ arbitrary: json, weight: 3 }, { arbitrary: rawBody(document, schema), weight: 2 });
}

const asJson = (text: string): Body => ({ bytes: Buffer.from(text), headers: [["content-type", "application/json"]] });

/** Bodies that are broken as a whole. */
function rawBody(document: OpenApi, schema: Schema | undefined): fc.Arbitrary<Body> {
  const good = schema === undefined ? {} : (plausible(document, schema, 0) as Record<string, unknown>);
  const text = JSON.stringify({ ...good, password: SECRET_TEXT, token: SECRET_TEXT });
  const [field = "x"] = Object.keys(good);
  const bytes = Buffer.from(text);
  const as = (type: string, body: Uint8Array = bytes): Body => ({ bytes: body, headers: [["content-type", type]] });
  const bodies: Body[] = [
    ...[
      "",
      "null",
      "true",
      "0",
      '""',
      "[]",
      `[${text}]`,
      `"${SECRET_TEXT}"`,
      SECRET_TEXT,
      text.slice(0, -2),
      text.slice(0, text.length >> 1),
      `${text}${text}`,
      `${text},`,
      `\ufeff${text}`,
      `{${text.slice(1, -1)},${text.slice(1)}`,
      `{"${field}":1,"${field}":2}`,
      `{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},${text.slice(1)}`,
      `{"${field}":{"__proto__":[]},"hasOwnProperty":1}`,
      deep("[", "]", "1"),
      deep('{"a":', "}", "1"),
      `{"${field}":${deep("[", "]", "")}}`,
      `{"${field}":${deep('{"a":', "}", "1")}}`,
      `{"${field}":"\\ud800"}`,
      `{"${field}":1e400}`,
      `{"${field}":${"9".repeat(4000)}}`,
      `{"${field}":"${"x".repeat(7000)}"}`,
      `{"${"k".repeat(5000)}":1}`,
      `{${Array.from({ length: 800 }, (_, index) => `"f${index}":1`).join()}}`,
      `{"\\u0000":1,"a.b[0]":2,"":3}`,
      "\0\0\0",
      "{'single': 'quotes'}",
    ].map(asJson),
    as("application/json", Buffer.concat([bytes.subarray(0, -2), Buffer.from([0xff, 0xc0, 0x80, 0x22, 0x7d])])),
    as("application/json", Buffer.from(text, "utf16le")),
    as("application/json; charset=utf-16"),
    as("application/json; charset=latin1; boundary=x"),
    as("text/plain"),
    as("application/xml", Buffer.from('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>')),
    as("application/x-www-form-urlencoded", Buffer.from(`password=${SECRET_TEXT}&a[__proto__][b]=1`)),
    as(
      "multipart/form-data; boundary=x",
      Buffer.from(`--x\r\ncontent-disposition: form-data; name="file"; filename="../../x"\r\n\r\n${SECRET_TEXT}\r\n--x--`),
    ),
    as("application/proto", Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
    as("application/grpc", Buffer.from([0, 0, 0, 0, 1, 0xff])),
    as("application/grpc-web-text", Buffer.from("AAAAAAH/")),
    as("application/connect+json", Buffer.from([0, 0, 0, 0, 2, 0x7b, 0x7d])),
    as("", bytes),
    as("*/*"),
    as("a".repeat(3000)),
    as("application/json\u00ff"),
    { bytes, headers: [] },
    {
      bytes: gzipSync(text),
      headers: [
        ["content-type", "application/json"],
        ["content-encoding", "gzip"],
      ],
    },
    {
      bytes: GZIP_BOMB,
      headers: [
        ["content-type", "application/json"],
        ["content-encoding", "gzip"],
      ],
    },
    {
      bytes,
      headers: [
        ["content-type", "application/json"],
        ["content-encoding", "br, gzip"],
      ],
    },
    {
      bytes: GZIP_BOMB.subarray(0, 100),
      headers: [
        ["content-type", "application/json"],
        ["content-encoding", "deflate"],
      ],
    },
    { bytes: Buffer.alloc(600_000, 0x61), headers: [["content-type", "application/json"]] },
    { bytes: undefined, headers: [["content-type", "application/json"]] },
  ];
  return fc.constantFrom(...bodies);
}

/** 64 MiB of spaces in 64 KiB. */
const GZIP_BOMB = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20), { level: 9 });

const escaped = (text: string) => encodeURIComponent(text.toWellFormed());
const RAW_SEGMENTS = [
  "%00",
  "%2e%2e",
  "%2f",
  "a%2fb",
  "%c0%ae",
  "%ff",
  "%",
  "%zz",
  "..",
  ".",
  "a//b",
  "a;b=c",
  "\u00ff",
  "%25%30%30",
  "a".repeat(9000),
  "[]",
  "{id}",
];
const segment = fc.oneof(nastyText.map(escaped), fc.constantFrom(...RAW_SEGMENTS));
const RAW_QUERIES = [
  "&&&",
  "=",
  "a=%zz",
  "%00=%00",
  "a[b]=1&a[c]=2",
  "__proto__=1",
  "__proto__.x=1",
  "constructor.prototype=1",
  `a=${"x".repeat(9000)}`,
  "?",
  "page_size=1&page_size=2",
];

function targetOf(document: OpenApi, { path, parameters = [] }: Operation, ids: readonly string[]): fc.Arbitrary<string> {
  const inPath = parameters.filter((parameter) => parameter.in === "path");
  const inQuery = parameters.filter((parameter) => parameter.in === "query");
  const good = ({ schema }: Parameter) => fc.constantFrom(...ids, String(plausible(document, schema, 0))).map(escaped);
  const values = fc.tuple(...inPath.map((parameter) => fc.oneof(good(parameter), segment)));
  const pair = fc
    .tuple(fc.constantFrom("no_such_parameter", ...inQuery.map(({ name }) => name)), nastyText)
    .map(([name, value]) => `${name}=${escaped(value)}`);
  const query = fc.oneof(
    { arbitrary: fc.constant(""), weight: 2 },
    fc.array(pair, { maxLength: 4 }).map((pairs) => pairs.join("&")),
    fc.constantFrom(...RAW_QUERIES),
  );
  return fc.tuple(values, query).map(([given, tail]) => {
    const filled = inPath.reduce((text, { name }, index) => text.replace(`{${name}}`, () => given[index] as string), path);
    return tail === "" ? filled : `${filled}?${tail}`;
  });
}

const NASTY_HEADERS: readonly (readonly [string, string])[] = [
  ["x-request-id", "a".repeat(5000)],
  ["x-request-id", "\u00ff\u00fe"],
  ["traceparent", "00-zz-zz-01"],
  ["traceparent", `00-${"0".repeat(32)}-${"0".repeat(16)}-ff`],
  ["tracestate", "a".repeat(3000)],
  ["baggage", "=,=;;"],
  ["idempotency-key", "\u00e4".repeat(100)],
  ["idempotency-key", "k".repeat(4000)],
  ["idempotency-key", ""],
  ["accept", "application/xml"],
  ["accept-encoding", "identity;q=nan, *;q=-1"],
  ["accept-language", "x".repeat(2000)],
  ["if-none-match", '"a", W/"b", *'],
  ["range", "bytes=0-1,0-1,0-1"],
  ["expect", "100-continue"],
  ["cookie", "a=b; a=c; __proto__=1"],
  ["user-agent", "\u0080\u00ff'; drop table users"],
  ["user-agent", ""],
  ["x-deadline-ms", "-1"],
  ["x-deadline-ms", "1"],
  ["grpc-timeout", "99999999999H"],
  ["connect-timeout-ms", "abc"],
  ["connect-protocol-version", "7"],
  ["x-http-method-override", "DELETE"],
  ["x-original-url", "/metrics"],
  ["x-tenant-id", "../other"],
  ["x-tenant-id", "*"],
  ["origin", "null"],
  ["content-range", "bytes 0-1/*"],
  ["te", "trailers"],
  ["x-null", "a\0b"],
  ["x-feed", "a\nb"],
  ["x-many", "a".repeat(15_000)],
];
const nastyHeaders = fc.oneof(
  { arbitrary: fc.constant<readonly (readonly [string, string])[]>([]), weight: 2 },
  { arbitrary: fc.uniqueArray(fc.constantFrom(...NASTY_HEADERS), { minLength: 1, maxLength: 3, selector: ([name]) => name }), weight: 1 },
);

/** Tokens that are none. */
export const NASTY_TOKENS: readonly string[] = [
  "Bearer",
  "Bearer ",
  "bearer x",
  `Bearer ${SECRET_TEXT}`,
  `Bearer ${SECRET_TEXT}.${SECRET_TEXT}.${SECRET_TEXT}`,
  `Basic ${Buffer.from(`admin:${SECRET_TEXT}`).toString("base64")}`,
  "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c3JfMSJ9.",
  "Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.bnVsbA.AAAA",
  "Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6Ii4uLy4uL2V0Yy9wYXNzd2QifQ.e30.AAAA",
  "Bearer bnVsbA.bnVsbA.bnVsbA",
  "Bearer W10.W10.W10",
  "Bearer ...",
  `Bearer ${"a".repeat(10_000)}`,
  "Bearer a\u00ffb",
  "Bearer a b c",
  'Digest username="x"',
];

/** A value that fits its schema, or nearly. */
function plausible(document: OpenApi, given: Schema, depth: number): unknown {
  const schema = resolved(document, given);
  if (schema.enum !== undefined) return schema.enum.at(-1);
  const [type] = typeof schema.type === "string" ? [schema.type] : (schema.type ?? []);
  if (type === "array") return depth > 3 || schema.items === undefined ? [] : [plausible(document, schema.items, depth + 1)];
  if (type === "object" || schema.properties !== undefined) {
    if (depth > 3) return {};
    return Object.fromEntries(
      Object.entries(schema.properties ?? {}).map(([name, child]) => [name, plausible(document, child, depth + 1)]),
    );
  }
  if (type === "integer" || type === "number") return schema.minimum ?? 1;
  if (type === "boolean") return false;
  if (type === "string") return plausibleText(schema);
  return {};
}

const TEXTS = ["blog.post.read", "fuzzed", "123456", "en", "a"];

function plausibleText({ format, pattern, minLength = 0 }: Schema): string {
  if (format === "email") return "fuzzed@example.com";
  if (format === "date-time") return "2100-01-01T00:00:00Z";
  if (pattern !== undefined) {
    const expression = new RegExp(pattern, "u");
    return TEXTS.find((text) => expression.test(text)) ?? "fuzzed";
  }
  return "fuzzed".padEnd(minLength, "x");
}

function resolved(document: OpenApi, schema: Schema): Schema {
  if (schema.$ref !== undefined) return resolved(document, document.components.schemas[schema.$ref.split("/").at(-1) ?? ""] ?? {});
  const [first] = schema.anyOf ?? schema.oneOf ?? [];
  return first === undefined ? schema : resolved(document, first);
}
