import type { Transaction } from "@plinth/kernel/database";
import type { HeldRole } from "../domain/assignment.ts";
import { type Role, USER_ROLE } from "../domain/role.ts";

/** A role's row, of either kind. A type, since rows of lists are records. */
export type RoleRow = {
  readonly name: string;
  readonly description: string;
  readonly permissions: string[];
  readonly module: string;
  readonly version: number;
  readonly retired: boolean;
  readonly updated_at: Date;
};

/** All roles of the tenant $1. Its own hides a module's of the same name, so that installing a module changes nobody's rights. */
export const ROLES_SQL = `
  select name, description, permissions, '' as module, version, false as retired, updated_at from roles where tenant_id = $1
  union all
  select name, description, permissions, module, version, retired, updated_at from declared_roles
  where not exists (select from roles own where own.tenant_id = $1 and own.name = declared_roles.name)`;

export function roleOf({ updated_at, ...row }: RoleRow): Role {
  return { ...row, updatedAt: updated_at };
}

export async function findRole(tx: Transaction, name: string): Promise<Role | undefined> {
  const [row] = await tx.query<RoleRow>(`select * from (${ROLES_SQL}) role where name = $2`, [tx.tenantId, name]);
  return row && roleOf(row);
}

/** The roles a user has now, the one that everybody has included. */
export async function listHeldRoles(tx: Transaction, userId: string, now: Date): Promise<HeldRole[]> {
  const rows = await tx.query<RoleRow & { expires_at: Date | null }>(
    `select role.*, assigned.expires_at from (${ROLES_SQL}) role
     left join assignments assigned on assigned.tenant_id = $1 and assigned.user_id = $2 and assigned.role = role.name
     where role.name = $3 or (assigned.role is not null and (assigned.expires_at is null or assigned.expires_at > $4))`,
    [tx.tenantId, userId, USER_ROLE, now],
  );
  return rows.map(({ expires_at, ...row }) => ({ role: roleOf(row), expiresAt: row.name === USER_ROLE ? null : expires_at }));
}
