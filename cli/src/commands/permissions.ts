import { permissionRegistry } from "@plinth/module";
import { readModules } from "../local/read-modules.ts";
import { print, printJson, printList } from "../output/print-list.ts";
import { findProject } from "../project.ts";

/** Everything that can be granted: permissions, and roles with what they hold. */
export function permissions({ json }: { readonly json?: boolean }): void {
  const registry = permissionRegistry(readModules(findProject()).modules);
  if (json) {
    printJson(registry);
    return;
  }
  printList(
    registry.permissions,
    [
      { title: "PERMISSION", value: ({ code }) => code },
      { title: "WHAT IT ALLOWS", value: ({ description }) => description },
    ],
    { empty: "No module declares a permission." },
  );
  print("");
  printList(
    registry.roles,
    [
      { title: "ROLE", value: ({ name }) => name },
      { title: "FROM", value: ({ module }) => module },
      { title: "PERMISSIONS", value: (role) => role.permissions.join(", ") },
    ],
    { empty: "There is no role." },
  );
}
