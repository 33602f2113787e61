import { forbidden } from "@plinth/kernel/base";
import type { Grants } from "./grants.ts";

/** So that a refusal of a role with hundreds of permissions stays readable. */
const NAMED = 5;

/**
 * Nobody gives, takes or changes what they do not have themselves: otherwise the permission to assign roles would be the
 * permission to do everything. Only what roles give counts, not policies, since these depend on the resource.
 * @param thing What is given, for the error: `the role editor`.
 */
export function refuseEscalation(actor: Grants, permissions: readonly string[], thing: string): void {
  const missing = permissions.filter((pattern) => !actor.holds(pattern));
  if (missing.length === 0) return;
  const named = missing.slice(0, NAMED).join(", ");
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : "";
  throw forbidden(`You cannot give, take or change ${thing}: you do not have ${named}${more} yourself, or not for as long.`, {
    reason: "ESCALATION",
    metadata: { missing: missing.slice(0, NAMED).join(",") },
  });
}
