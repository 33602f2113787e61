import type { Report } from "../finding.ts";
import { BUILT_IN_ROLES } from "../platform.ts";
import type { Module } from "../schema/module.ts";

/** Permissions carry the module's name and are declared once; so are roles, beside the built-in ones. */
export function checkOwnPermissions(module: Module, report: Report): void {
  const name = module.metadata.name;
  const { permissions = [], roles = [] } = module.spec;
  const codes = new Set<string>();
  for (const [index, { code }] of permissions.entries()) {
    const path = ["spec", "permissions", index, "code"];
    if (!code.startsWith(`${name}.`)) {
      const mend = `write ${[name, ...code.split(".").slice(1)].join(".")}`;
      report({ reason: "PermissionInvalid", path, value: code, message: "a permission begins with the name of its module", mend });
    }
    if (codes.has(code)) {
      report({
        reason: "PermissionConflict",
        path,
        value: code,
        message: "the permission is declared twice",
        mend: "keep one of the two entries",
      });
    }
    codes.add(code);
  }
  const names = new Set(BUILT_IN_ROLES.map((role) => role.name));
  for (const [index, role] of roles.entries()) {
    const path = ["spec", "roles", index, "name"];
    if (names.has(role.name)) {
      const message = BUILT_IN_ROLES.some((builtIn) => builtIn.name === role.name) ? "the role is built in" : "the role is declared twice";
      report({ reason: "RoleInvalid", path, value: role.name, message, mend: "choose another name for the role" });
    }
    names.add(role.name);
  }
}
