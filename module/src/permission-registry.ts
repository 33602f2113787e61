import { compareTexts } from "./candidates.ts";
import { BUILT_IN_ROLES, PLATFORM } from "./platform.ts";
import type { Module } from "./schema/module.ts";

/** A permission, with the module that declares it. */
export interface PermissionEntry {
  code: string;
  description: string;
  module: string;
}

/** A role, with the module that declares it; `platform` for the built-in ones. */
export interface RoleEntry {
  name: string;
  description: string;
  /** Permission codes, `blog.post.*`, `blog.*`, or `*` for everything. */
  permissions: readonly string[];
  module: string;
}

/** Everything that can be granted. */
export interface PermissionRegistry {
  /** By code, each once. */
  permissions: readonly PermissionEntry[];
  /** The built-in roles, then the others by name, each once. */
  roles: readonly RoleEntry[];
}

/** Collects the permissions and roles of a set of modules. Of two with the same name the first is taken; `resolve` refuses the second. */
export function permissionRegistry(modules: Iterable<Module>): PermissionRegistry {
  const permissions = new Map<string, PermissionEntry>();
  const roles = new Map<string, RoleEntry>();
  const builtIn = BUILT_IN_ROLES.map((role) => ({ ...role, module: PLATFORM }));
  for (const { metadata, spec } of modules) {
    for (const { code, description = "" } of spec.permissions ?? []) {
      if (!permissions.has(code)) permissions.set(code, { code, description, module: metadata.name });
    }
    for (const { name, description = "", permissions: granted } of spec.roles ?? []) {
      if (roles.has(name) || builtIn.some((role) => role.name === name)) continue;
      roles.set(name, { name, description, permissions: granted, module: metadata.name });
    }
  }
  return {
    permissions: [...permissions.values()].sort((a, b) => compareTexts(a.code, b.code)),
    roles: [...builtIn, ...[...roles.values()].sort((a, b) => compareTexts(a.name, b.name))],
  };
}
