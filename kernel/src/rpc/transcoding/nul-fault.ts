import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

/** Cheap: whether what was sent may hold U+0000 at all. JSON can only escape it, a URL only percent-encode it. */
export function mayHoldNul(body: Buffer | undefined, query: string, segments: readonly string[]): boolean {
  return (body?.includes("\\u0000") ?? false) || query.includes("%00") || segments.some(hasEscapedNul);
}

function hasEscapedNul(segment: string): boolean {
  return segment.includes("%00");
}

/** Each text with U+0000 in it, by its path: Postgres cannot store that character, C programs end their texts with it, and nobody means it. */
export function nulFaults(root: JsonObject): Record<string, string> {
  const faults: Record<string, string> = Object.create(null);
  // Without recursion: the depth is the client's choice.
  const open: [path: string, value: JsonValue][] = [["", root]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [path, value] = next;
    if (typeof value === "string" && value.includes("\0")) faults[path] = PROBLEM;
    if (typeof value !== "object" || value === null) continue;
    for (const [key, child] of Object.entries(value)) {
      const here = Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
      if (key.includes("\0")) faults[here.replaceAll("\0", "\\u0000")] = PROBLEM;
      else if (child !== undefined) open.push([here, child]);
    }
  }
  return faults;
}

const PROBLEM = "must not hold the character U+0000";
