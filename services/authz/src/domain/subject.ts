import type { Assignment } from "./assignment.ts";
import type { Attributes } from "./attributes.ts";
import type { Grants } from "./grants.ts";
import { USER_ROLE } from "./role.ts";
import type { Rules } from "./rules.ts";
import { common, type SetVersion } from "./set-version.ts";

/** A user as decisions see them: roles compiled into what they give. */
export interface Subject {
  readonly id: string;
  readonly tenantId: string;
  /** Those that count now, sorted: the role of every user, and those given, not expired and not retired. */
  readonly roles: readonly string[];
  /** What was given, also where the role is gone. */
  readonly assignments: readonly Assignment[];
  readonly grants: Grants;
  readonly rules: Rules;
  /** What decisions about this subject rest on. */
  readonly version: SetVersion;
  /** `subject` in expressions. */
  readonly attributes: Attributes;
}

/** @param version What the assignments rest on; the rules have a version of their own. */
export function newSubject(
  id: string,
  tenantId: string,
  assignments: readonly Assignment[],
  version: SetVersion,
  rules: Rules,
  now: Date,
): Subject {
  const live = assignments.filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
  const names = [...new Set([USER_ROLE, ...live.map(({ role }) => role)])].sort();
  const roles = names.filter((name) => name === USER_ROLE || rules.roles.get(name)?.retired === false);
  const attributes = new Map<string, string | readonly string[]>([
    ["id", id],
    ["roles", roles],
    ["tenant_id", tenantId],
  ]);
  const grants = rules.grantsOf(roles);
  return { id, tenantId, roles, assignments: live, grants, rules, version: common(version, rules.version), attributes };
}
