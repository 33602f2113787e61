import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Handlers } from "@plinth/kernel/rpc";
import type { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import type { AssignmentStore, BootstrapStore } from "../domain/access-store.ts";
import { assignRole, mayRevoke } from "../domain/assignment.ts";
import { claimBootstrap } from "../domain/bootstrap.ts";
import { PLATFORM_ADMIN, USER_ROLE } from "../domain/role.ts";
import { formatVersion } from "../domain/set-version.ts";
import { assignmentMessage } from "../messages/role-message.ts";
import { actingUser } from "./acting-user.ts";

/** @param bootstrapToken The operator's; undefined where there is none. */
export function assignmentHandlers(
  store: AssignmentStore & BootstrapStore,
  bootstrapToken: () => string | undefined,
): Pick<Handlers<typeof AuthzService>, "assignRole" | "revokeRole" | "claimBootstrap"> {
  return {
    async assignRole({ userId, role, expiresAt }, context) {
      const actor = actingUser(context);
      const wanted = { userId, role, expiresAt: expiresAt === undefined ? null : timestampDate(expiresAt) };
      const { value, version } = await store.assign(userId, role, actor.id, (state) => assignRole(state, wanted, actor.id, new Date()));
      return { assignment: role === USER_ROLE ? { role } : assignmentMessage(value), version: formatVersion(version) };
    },

    async revokeRole({ userId, role }, context) {
      return { version: formatVersion(await store.revoke(userId, role, actingUser(context).id, (state) => mayRevoke(state, role))) };
    },

    async claimBootstrap({ userId, bootstrapToken: token }) {
      return { role: PLATFORM_ADMIN, version: formatVersion(await claimBootstrap(store, bootstrapToken(), userId, token)) };
    },
  };
}
