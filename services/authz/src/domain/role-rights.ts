import { grantsUntil, type HeldRole } from "./assignment.ts";
import { refuseEscalation } from "./escalation.ts";
import type { Policy } from "./policy.ts";
import { type Role, refuseDeclared } from "./role.ts";

/*
 * Roles and policies have no end, so only what the acting user has for good counts: a right for a day must not become
 * one for ever by way of a role.
 */

/** `after`, where the actor has all that the role gave before and gives now. */
export function mayWriteRole(before: Role | undefined, after: Role, actor: readonly HeldRole[]): Role {
  refuseEscalation(grantsUntil(actor, null), [...(before?.permissions ?? []), ...after.permissions], `the role ${after.name}`);
  return after;
}

export function mayDeleteRole(role: Role, actor: readonly HeldRole[]): void {
  refuseDeclared(role);
  refuseEscalation(grantsUntil(actor, null), role.permissions, `the role ${role.name}`);
}

/** `after`, where the actor has the permissions that the policy was and is about: allowing and denying are both power over them. */
export function mayWritePolicy(before: Policy | undefined, after: Policy, actor: readonly HeldRole[]): Policy {
  const permissions = before === undefined ? [after.permission] : [before.permission, after.permission];
  refuseEscalation(grantsUntil(actor, null), [...new Set(permissions)], `the policy ${after.name}`);
  return after;
}

export function mayDeletePolicy(policy: Policy, actor: readonly HeldRole[]): void {
  mayWritePolicy(undefined, policy, actor);
}
