import { isDeepStrictEqual } from "node:util";
import type { Module, ModuleSpec } from "@plinth/module";

/** What only the module itself sees of its spec: no other module's verdict hangs on it, and none is told of it. */
const OWN_FIELDS = [
  "summary",
  "image",
  "command",
  "args",
  "env",
  "cache",
  "config",
  "configSchema",
  "replicas",
  "autoscaling",
  "resources",
  "disruption",
  "strategy",
  "health",
  "placement",
  "dapr",
  "paused",
  "deletionPolicy",
] as const satisfies readonly (keyof ModuleSpec)[];

/** Whether what differs between two declarations of a module is nobody's business but its own, so that what was decided over all of them stands. */
export function isOwnBusiness(before: Module, after: Module): boolean {
  if (before.metadata.uid !== after.metadata.uid || before.metadata.deletionTimestamp !== after.metadata.deletionTimestamp) return false;
  return (
    isDeepStrictEqual(shared(before.spec), shared(after.spec)) && isDeepStrictEqual(before.metadata.annotations, after.metadata.annotations)
  );
}

function shared(spec: ModuleSpec): object {
  const rest: Partial<ModuleSpec> = { ...spec };
  for (const field of OWN_FIELDS) delete rest[field];
  return rest;
}
