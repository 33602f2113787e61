import { parseVersion } from "../domain/set-version.ts";
import type { Subjects } from "../domain/subjects.ts";

/** What another instance changed is not kept here any longer. Hearing of it twice, or late, does no harm. */
export function onUserRolesChanged(subjects: Subjects) {
  return ({ userId }: { userId: string }, { tenantId }: { tenantId: string }): void => subjects.forgetUser(tenantId, userId);
}

/** The same for roles and policies, of a tenant or of a module. */
export function onRulesChanged(subjects: Subjects) {
  return ({ version }: { version: string }, { tenantId }: { tenantId: string }): void => {
    subjects.forgetRules(tenantId, parseVersion(version) ?? { tenant: 0, platform: 0 });
  };
}
