import type { Permission } from "./access-store.ts";
import type { Role } from "./role.ts";

/** Permissions and roles as modules declare them now. */
export interface DeclaredAccess {
  readonly permissions: readonly Omit<Permission, "retired">[];
  readonly roles: readonly Pick<Role, "name" | "description" | "permissions" | "module">[];
}

/** What is kept of them. */
export interface KeptAccess {
  readonly permissions: readonly Permission[];
  readonly roles: readonly Role[];
}

/** What has to be written so that the kept ones say what the modules say. */
export interface AccessDifference {
  readonly permissions: readonly Permission[];
  readonly roles: readonly { readonly role: Role; readonly before: Role | undefined }[];
}

/** Nothing is ever removed: what no module declares any more is retired, and is there again when a module declares it again. */
export function compareAccess(kept: KeptAccess, declared: DeclaredAccess, now: Date): AccessDifference {
  const permissions = new Map(kept.permissions.map((permission) => [permission.code, permission]));
  const roles = new Map(kept.roles.map((role) => [role.name, role]));
  const changedPermissions: Permission[] = [];
  const changedRoles: { role: Role; before: Role | undefined }[] = [];
  for (const wanted of declared.permissions) {
    const before = permissions.get(wanted.code);
    permissions.delete(wanted.code);
    const after = { ...wanted, retired: false };
    if (before === undefined || !samePermission(before, after)) changedPermissions.push(after);
  }
  for (const { name, description, permissions: granted, module } of declared.roles) {
    const before = roles.get(name);
    roles.delete(name);
    const version = (before?.version ?? 0) + 1;
    const role: Role = { name, description, permissions: [...new Set(granted)].sort(), module, version, retired: false, updatedAt: now };
    if (before === undefined || !sameRole(before, role)) changedRoles.push({ role, before });
  }
  for (const gone of permissions.values()) if (!gone.retired) changedPermissions.push({ ...gone, retired: true });
  for (const gone of roles.values()) {
    if (!gone.retired) changedRoles.push({ role: { ...gone, retired: true, version: gone.version + 1, updatedAt: now }, before: gone });
  }
  return { permissions: changedPermissions, roles: changedRoles };
}

function samePermission(one: Permission, other: Permission): boolean {
  return one.description === other.description && one.module === other.module && one.retired === other.retired;
}

function sameRole(one: Role, other: Role): boolean {
  const same = one.description === other.description && one.module === other.module && one.retired === other.retired;
  return same && one.permissions.join() === other.permissions.join();
}
