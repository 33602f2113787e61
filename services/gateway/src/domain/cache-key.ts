import type { UserIdentity } from "@plinth/kernel/base";
import type { RoutePolicy } from "./route-policy.ts";

/**
 * What an answer is stored under. Answers to a signed-in user are that user's alone, also on public routes, where a service may show
 * more to whom it knows. `target` is path and query as sent.
 */
export function cacheKey(policy: RoutePolicy, target: string, tenantId: string, user: UserIdentity | undefined): string {
  const owner = user === undefined ? "" : user.id;
  return `${policy.module}\n${tenantId}\n${owner}\n${target}`;
}

/** The values of the headers that tell answers apart; they follow the key. */
export function varyKey(names: readonly string[], header: (name: string) => string | undefined): string {
  let key = "";
  for (const name of names) key += `\n${header(name) ?? ""}`;
  return key;
}

/** Request headers named by the answer's `Vary` besides the route's own; undefined for `*`: never the same twice. */
export function varyNames(declared: readonly string[], vary: string | undefined): readonly string[] | undefined {
  if (vary === undefined) return declared;
  const names = new Set(declared);
  for (const part of vary.toLowerCase().split(",")) {
    const name = part.trim();
    if (name === "*") return undefined;
    // CORS is the gateway's: what modules answer does not depend on the page that asks.
    if (name !== "" && name !== "origin") names.add(name);
  }
  return [...names].sort();
}

/** Whether an answer may be kept at all. */
export function isStorable(status: number, headers: Readonly<Record<string, string | string[] | undefined>>, owned: boolean): boolean {
  if (status !== 200 || headers["set-cookie"] !== undefined) return false;
  const control = String(headers["cache-control"] ?? "").toLowerCase();
  if (control.includes("no-store") || control.includes("no-cache")) return false;
  return owned || !control.includes("private");
}

/** Whether `If-None-Match` names the tag; weak comparison, as RFC 9110 asks for. */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  const wanted = etag.replace(/^W\//, "");
  return ifNoneMatch.split(",").some((tag) => tag.trim().replace(/^W\//, "") === wanted);
}
