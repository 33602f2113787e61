import { forbidden, type UserIdentity, unauthorized } from "@plinth/kernel/base";
import type { Client } from "@plinth/kernel/client";
import type { CallContext } from "@plinth/kernel/rpc";
import type { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import { type PermissionCode, permissions } from "@plinth/proto/permissions";
import { type Customer, customerNotFound, newCustomer } from "../domain/customer.ts";
import type { CustomerStore } from "../domain/customer-store.ts";

/** Finds customers for the user of a call, and refuses what that user may not see or do. */
export interface CustomerAccess {
  /** The signed-in user's customer, made at the first use. */
  own(context: CallContext): Promise<Customer>;
  /**
   * A customer by id, or the own one for "me". Throws FORBIDDEN with the missing permission for one of others, whether or not it is there; NOT_FOUND,
   * reason CUSTOMER_NOT_FOUND.
   */
  customer(id: string, act: "read" | "update", context: CallContext): Promise<Customer>;
}

export function customerAccess(customers: CustomerStore, authz: Client<typeof AuthzService>): CustomerAccess {
  const check = async (userId: string, permission: PermissionCode) => {
    const { allowed } = await authz.hasPermission({ userId, permission });
    if (!allowed) {
      throw forbidden(`Customers of others take the permission ${permission}.`, { reason: "PERMISSION_DENIED", metadata: { permission } });
    }
  };
  const own: CustomerAccess["own"] = (context) => {
    const { id: userId, email } = userOf(context);
    return customers.ofUser(userId, () => newCustomer(context.tenantId, { userId, email }, {}, new Date()));
  };
  return {
    own,
    async customer(id, act, context) {
      if (id === "me") return own(context);
      const user = userOf(context);
      const customer = await customers.findCustomer(id);
      if (customer?.userId !== user.id) await check(user.id, permissions.customer.customer[act]);
      if (!customer) throw customerNotFound(id);
      return customer;
    },
  };
}

function userOf(context: CallContext): UserIdentity {
  if (!context.user) throw unauthorized("Sign in first.", { reason: "MISSING_TOKEN" });
  return context.user;
}
