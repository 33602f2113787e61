import type { Handlers } from "@plinth/kernel/rpc";
import type { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import type { PermissionStore, RoleStore } from "../domain/access-store.ts";
import { type HeldRole, roleNotFound } from "../domain/assignment.ts";
import { addPermissions, changeRole, type KnowsPermission, newRole, type Role, removePermissions } from "../domain/role.ts";
import { mayDeleteRole, mayWriteRole } from "../domain/role-rights.ts";
import { formatVersion } from "../domain/set-version.ts";
import { roleMessage } from "../messages/role-message.ts";
import { actingUser } from "./acting-user.ts";

type RoleMethods =
  | "listRoles"
  | "getRole"
  | "createRole"
  | "updateRole"
  | "deleteRole"
  | "assignPermissions"
  | "revokePermissions"
  | "listPermissions";

/** As the proto says. */
const PAGE_SIZE = 20;

/** @param knows What modules declare now. */
export function roleHandlers(
  roles: RoleStore,
  permissions: PermissionStore,
  knows: KnowsPermission,
): Pick<Handlers<typeof AuthzService>, RoleMethods> {
  async function change(name: string, actorId: string, decide: (role: Role) => Role) {
    const { value, version } = await roles.change(name, actorId, (before, actor) => mayWriteRole(before, decide(before), actor));
    return roleMessage(value, version);
  }

  return {
    async listRoles({ pageSize, pageToken }) {
      const page = await roles.listRoles({ size: pageSize || PAGE_SIZE, token: pageToken });
      return { roles: page.items.map((role) => roleMessage(role)), nextPageToken: page.nextPageToken };
    },

    async getRole({ name }) {
      const role = await roles.findRole(name);
      if (role === undefined) throw roleNotFound(name);
      return roleMessage(role);
    },

    async createRole({ name, description, permissions: granted }, context) {
      context.restStatus = 201;
      const make = (actor: readonly HeldRole[]) =>
        mayWriteRole(undefined, newRole(name, { description, permissions: granted }, knows, new Date()), actor);
      const { value, version } = await roles.insert(actingUser(context).id, make);
      return roleMessage(value, version);
    },

    updateRole({ name, description, permissions: granted }, context) {
      return change(name, actingUser(context).id, (role) => changeRole(role, { description, permissions: granted }, knows, new Date()));
    },

    async deleteRole({ name }, context) {
      return { version: formatVersion(await roles.remove(name, actingUser(context).id, mayDeleteRole)) };
    },

    assignPermissions({ name, permissions: added }, context) {
      return change(name, actingUser(context).id, (role) => addPermissions(role, added, knows, new Date()));
    },

    revokePermissions({ name, permissions: removed }, context) {
      return change(name, actingUser(context).id, (role) => removePermissions(role, removed, new Date()));
    },

    async listPermissions({ module, pageSize, pageToken }) {
      const page = await permissions.listPermissions(module || undefined, { size: pageSize || PAGE_SIZE, token: pageToken });
      return { permissions: page.items.map((permission) => ({ ...permission })), nextPageToken: page.nextPageToken };
    },
  };
}
