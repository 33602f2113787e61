import { conflict, validation } from "@plinth/kernel/base";
import { covers } from "./permission-pattern.ts";

/** May do everything; the last one who has it for good keeps it. */
export const PLATFORM_ADMIN = "platform-admin";
/** Held by every user without an assignment. */
export const USER_ROLE = "user";

/** A named set of permissions. */
export interface Role {
  readonly name: string;
  readonly description: string;
  /** Codes and wildcards, sorted. */
  readonly permissions: readonly string[];
  /** The module that declares it, `platform` for the built-in ones; empty for a role of the tenant's own. */
  readonly module: string;
  /** Counts its changes, from 1. */
  readonly version: number;
  /** Its module is gone: it is kept for those who have it, gives nothing, and works again when the module comes back. */
  readonly retired: boolean;
  readonly updatedAt: Date;
}

/** Absent fields stay. */
export interface RoleChange {
  readonly description?: string | undefined;
  readonly permissions?: readonly string[] | undefined;
}

/** Whether a module declares this exact permission, or one that the wildcard holds. */
export type KnowsPermission = (pattern: string) => boolean;

export const MAX_ROLE_PERMISSIONS = 500;
/** Roles of a tenant's own. They are all in memory of every instance that decides for the tenant. */
export const MAX_ROLES = 1000;

export function newRole(name: string, change: Required<RoleChange>, knows: KnowsPermission, now: Date): Role {
  const permissions = checkedPermissions(change.permissions ?? [], [], knows);
  return { name, description: change.description ?? "", permissions, module: "", version: 1, retired: false, updatedAt: now };
}

/** The same role where the change changes nothing. */
export function changeRole(role: Role, change: RoleChange, knows: KnowsPermission, now: Date): Role {
  refuseDeclared(role);
  const description = change.description ?? role.description;
  const permissions = change.permissions === undefined ? role.permissions : checkedPermissions(change.permissions, role.permissions, knows);
  if (description === role.description && permissions.join() === role.permissions.join()) return role;
  return { ...role, description, permissions, version: role.version + 1, updatedAt: now };
}

export function addPermissions(role: Role, added: readonly string[], knows: KnowsPermission, now: Date): Role {
  return changeRole(role, { permissions: [...role.permissions, ...added] }, knows, now);
}

/** Takes patterns exactly as the role has them. */
export function removePermissions(role: Role, removed: readonly string[], now: Date): Role {
  refuseDeclared(role);
  for (const pattern of removed) {
    if (role.permissions.includes(pattern)) continue;
    const wildcard = role.permissions.find((own) => covers(own, pattern));
    if (wildcard !== undefined) {
      const mend = "take the wildcard and add the permissions that are to stay";
      throw validation({ permissions: `"${pattern}" cannot be taken out of "${wildcard}" of the role ${role.name}; ${mend}` });
    }
  }
  const left = role.permissions.filter((pattern) => !removed.includes(pattern));
  return changeRole(role, { permissions: left }, () => true, now);
}

/** Throws CONFLICT, reason ROLE_DECLARED, for a role that is not the tenant's own. */
export function refuseDeclared(role: Role): void {
  if (role.module === "") return;
  const owner = role.module === "platform" ? "is built in" : `belongs to the module ${role.module}`;
  throw conflict(`The role ${role.name} ${owner} and cannot be changed; make a role of your own.`, {
    reason: "ROLE_DECLARED",
    metadata: { role: role.name, module: role.module },
  });
}

/** What a role had may stay, also when its module is gone; what is new must be known. */
function checkedPermissions(wanted: readonly string[], before: readonly string[], knows: KnowsPermission): string[] {
  const permissions = [...new Set(wanted)].sort();
  if (permissions.length > MAX_ROLE_PERMISSIONS) {
    throw validation({ permissions: `a role has at most ${MAX_ROLE_PERMISSIONS} permissions, not ${permissions.length}; use wildcards` });
  }
  const unknown = permissions.filter((pattern) => !before.includes(pattern) && !knows(pattern));
  if (unknown.length > 0) {
    const listed = unknown.slice(0, 5).map((pattern) => `"${pattern}"`);
    const more = unknown.length > 5 ? ` and ${unknown.length - 5} more` : "";
    throw validation({ permissions: `no module declares ${listed.join(", ")}${more}; see GET /api/v1/authz/permissions` });
  }
  return permissions;
}
