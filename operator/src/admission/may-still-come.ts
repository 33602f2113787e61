import type { Module, Problem, Reason } from "@plinth/module";

/**
 * What other Modules will bring, perhaps by the next file of the same `kubectl apply -f`: a Module that lacks it is taken, and waits. Were it refused,
 * the order of the files would matter.
 */
const MAY_STILL_COME: ReadonlySet<Reason> = new Set([
  "DependencyMissing",
  "DependencyVersion",
  "DependencyNotRunning",
  "SecretMissing",
  "SubscriptionUnknown",
]);
const GRANT_OF_ROLE = /^spec\.roles\[(\d+)\]\.permissions\[(\d+)\]$/;

/** Whether a problem of a module may go away by others being applied, without a change of its own. */
export function mayStillCome({ reason, path }: Problem, module: Module | undefined): boolean {
  if (MAY_STILL_COME.has(reason)) return true;
  const [, role, grant] = reason === "RoleInvalid" ? (GRANT_OF_ROLE.exec(path) ?? []) : [];
  const permission = module?.spec.roles?.[Number(role)]?.permissions[Number(grant)];
  // A permission of another module may come with it; one of its own is missing for good.
  return permission !== undefined && !permission.startsWith(`${module?.metadata.name}.`);
}
