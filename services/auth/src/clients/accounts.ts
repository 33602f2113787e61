import { currentContext, type RequestContext, runInContext } from "@plinth/kernel/base";
import type { Client } from "@plinth/kernel/client";
import type { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import type { IdentityService } from "@plinth/proto/identity/v1/identity_pb";
import type { Accounts } from "../domain/ports.ts";

/** What identity and authz know of users. */
export function accountsOf(
  identity: Pick<Client<typeof IdentityService>, "verifyPassword" | "getUser">,
  authz: Pick<Client<typeof AuthzService>, "getUserRoles">,
): Accounts {
  return {
    async verifyPassword(email, password, tenantId) {
      const { valid, user, knownUserId } = await inTenant(tenantId, () => identity.verifyPassword({ email, password, tenantId }));
      return { user: valid && user !== undefined ? { id: user.id, email: user.email } : undefined, knownUserId };
    },
    async getEmail(userId, tenantId) {
      return (await inTenant(tenantId, () => identity.getUser({ id: userId }))).email;
    },
    async rolesOf(userId, tenantId) {
      const { assignments } = await inTenant(tenantId, () => authz.getUserRoles({ userId }));
      return assignments.map(({ role }) => role);
    },
  };
}

/** The tenant is the account's, whatever the request came with; and we ask for ourselves, not for whoever may be signed in already. */
function inTenant<T>(tenantId: string, call: () => Promise<T>): Promise<T> {
  const context = currentContext();
  if (context === undefined) return call();
  // Field by field: the context of a call has getters, which a spread would not copy.
  const { requestId, traceId, trace, module, caller, signal, deadline, clientAddress, userAgent } = context;
  const own: RequestContext = { requestId, traceId, trace, module, caller, tenantId, signal, deadline, clientAddress, userAgent };
  return runInContext(own, call);
}
