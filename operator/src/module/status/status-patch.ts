import { isDeepStrictEqual } from "node:util";
import type { ModuleStatus } from "@plinth/module";

/** The fields of a status that changed, as a merge patch has them: `null` for those that go. Undefined where nothing changed. */
export function statusPatch(before: ModuleStatus | undefined, after: ModuleStatus): Record<string, unknown> | undefined {
  const was = (before ?? {}) as Readonly<Record<string, unknown>>;
  const is = after as Readonly<Record<string, unknown>>;
  const changed = Object.keys({ ...was, ...is }).filter((field) => !isDeepStrictEqual(was[field], is[field]));
  if (changed.length === 0) return undefined;
  return Object.fromEntries(changed.map((field) => [field, patchOf(was[field], is[field])]));
}

/** A mapping is merged by the API server: what is no longer in it has to be named. */
function patchOf(before: unknown, after: unknown): unknown {
  if (after === undefined) return null;
  if (!isMapping(before) || !isMapping(after)) return after;
  const gone = Object.keys(before).filter((key) => !(key in after));
  return { ...after, ...Object.fromEntries(gone.map((key) => [key, null])) };
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
