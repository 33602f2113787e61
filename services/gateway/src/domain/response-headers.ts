import type { RouteEntry } from "@plinth/module";

/** A route's declared changes to the headers of its answers, lower-case names. */
export interface ResponseRules {
  readonly dropped: ReadonlySet<string>;
  readonly renamed: ReadonlyMap<string, string>;
  /** Flat: name, value, name, value. */
  readonly added: readonly string[];
}

/** What never leaves: headers of one connection, our internal ones, those the gateway sets itself, and what tells which software answers. */
const NEVER = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "x-powered-by",
  "server",
  "x-request-id",
  "x-service-token",
  "x-service-name",
  "x-service-version",
  "x-deadline-ms",
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-expose-headers",
  "access-control-max-age",
]);

const UNCHANGED: ResponseRules = { dropped: NEVER, renamed: new Map(), added: [] };

export function responseRulesOf(declared: RouteEntry["responseHeaders"]): ResponseRules {
  if (declared === undefined) return UNCHANGED;
  const added = Object.entries(declared.set).map(([name, value]) => [name.toLowerCase(), value] as const);
  // A header that is set replaces the module's own.
  const dropped = new Set([...NEVER, ...declared.remove.map((name) => name.toLowerCase()), ...added.map(([name]) => name)]);
  const renamed = new Map(Object.entries(declared.rename).map(([from, to]) => [from.toLowerCase(), to.toLowerCase()]));
  return { dropped, renamed, added: added.flat() };
}

/** Headers as undici gives them: lower-case names, lists where a name occurs several times. */
export type HeaderRecord = Readonly<Record<string, string | string[] | undefined>>;

/** Appends a module's response headers, changed by its rules, to a flat list. */
export function appendResponseHeaders(headers: HeaderRecord, rules: ResponseRules, into: string[]): void {
  const { dropped, renamed, added } = rules;
  for (const name in headers) {
    if (dropped.has(name)) continue;
    const value = headers[name] as string | string[];
    const shown = renamed.size === 0 ? name : (renamed.get(name) ?? name);
    if (typeof value === "string") into.push(shown, value);
    else for (const one of value) into.push(shown, one);
  }
  for (let index = 0; index < added.length; index++) into.push(added[index] as string);
}
