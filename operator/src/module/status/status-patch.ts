import { isDeepStrictEqual } from "node:util";
import type { ModuleStatus } from "@plinth/module";

/** One step of a JSON patch. */
export type PatchStep =
  | { readonly op: "test" | "add"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

/**
 * The fields of a status that changed, as steps of a JSON patch that are taken only by the Module with this uid: one that was made anew under its name must
 * not get them, and of a merge patch for a status the API server does not compare the uid. Undefined where nothing changed.
 */
export function statusPatch(uid: string, before: ModuleStatus | undefined, after: ModuleStatus): PatchStep[] | undefined {
  const was = (before ?? {}) as Readonly<Record<string, unknown>>;
  const is = after as Readonly<Record<string, unknown>>;
  const changed = Object.keys({ ...was, ...is }).filter((field) => !isDeepStrictEqual(was[field], is[field]));
  if (changed.length === 0) return undefined;
  const steps: PatchStep[] =
    before === undefined
      ? [{ op: "add", path: "/status", value: after }]
      : changed.map((field) =>
          is[field] === undefined ? { op: "remove", path: `/status/${field}` } : { op: "add", path: `/status/${field}`, value: is[field] },
        );
  return [{ op: "test", path: "/metadata/uid", value: uid }, ...steps];
}
