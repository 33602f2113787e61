import { permissionRegistry } from "./permission-registry.ts";
import type { Module } from "./schema/module.ts";

const IDENTIFIER = /^[A-Za-z_$][A-Za-z0-9_$]*$/;

/**
 * TypeScript source with one constant for each permission (`permissions.blog.post.create`) and the type of all of them, so that a code that does not
 * exist is a type error. The same modules give the same text.
 */
export function permissionConstants(modules: Iterable<Module>): string {
  const { permissions } = permissionRegistry(modules);
  const tree = new Map<string, Map<string, { action: string; code: string; description: string }[]>>();
  for (const { code, description } of permissions) {
    const [module = "", resource = "", action = ""] = code.split(".");
    const resources = tree.get(module) ?? new Map();
    tree.set(module, resources);
    resources.set(resource, [...(resources.get(resource) ?? []), { action, code, description }]);
  }
  const lines = [
    "// Generated from the module files: do not edit.",
    "",
    "/** Every permission that a module declares. */",
    "export const permissions = {",
  ];
  for (const [module, resources] of tree) {
    lines.push(`  ${key(module)}: {`);
    for (const [resource, actions] of resources) {
      lines.push(`    ${key(resource)}: {`);
      for (const { action, code, description } of actions) {
        if (description !== "") lines.push(`      /** ${comment(description)} */`);
        lines.push(`      ${key(action)}: ${JSON.stringify(code)},`);
      }
      lines.push("    },");
    }
    lines.push("  },");
  }
  const union = permissions.map(({ code }) => `\n  | ${JSON.stringify(code)}`).join("");
  lines.push("} as const;", "", "/** The code of a permission. */", `export type PermissionCode =${union === "" ? " never" : union};`, "");
  return lines.join("\n");
}

function key(name: string): string {
  return IDENTIFIER.test(name) ? name : JSON.stringify(name);
}

/** A description cannot end the comment that it stands in. */
function comment(text: string): string {
  return text.replaceAll("*/", "*\\/").replace(/\s+/g, " ").trim();
}
