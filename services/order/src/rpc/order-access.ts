import { forbidden, type UserIdentity, unauthorized } from "@plinth/kernel/base";
import type { Client } from "@plinth/kernel/client";
import type { CallContext } from "@plinth/kernel/rpc";
import type { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import { type PermissionCode, permissions } from "@plinth/proto/permissions";
import { isOwn, type Order, orderNotFound } from "../domain/order.ts";
import type { OrderStore } from "../domain/order-store.ts";

/** Finds orders for the caller, and refuses what they may not see or do. What they may not see is not there for them. */
export interface OrderAccess {
  /** An own order, a guest's whose email is given, or any for those with `order.order.<act>`. Throws NOT_FOUND, reason ORDER_NOT_FOUND. */
  order(id: string, email: string, act: "read" | "cancel", context: CallContext): Promise<Order>;
  /** Throws NOT_FOUND, reason ORDER_NOT_FOUND, for what is not there, and for what the caller may not see. */
  checkMaySee(found: Pick<Order, "userId" | "email"> | undefined, id: string, email: string, context: CallContext): Promise<void>;
  /** Throws FORBIDDEN with the missing permission. */
  checkMayListAll(context: CallContext): Promise<void>;
}

export function orderAccess(orders: OrderStore, authz: Client<typeof AuthzService>): OrderAccess {
  const may = async (permission: PermissionCode, { user }: CallContext) =>
    user !== undefined && (await authz.hasPermission({ userId: user.id, permission })).allowed;

  return {
    async order(id, email, act, context) {
      const order = await orders.findOrder(id);
      if (order !== undefined && (isOwn(order, context.user?.id, email) || (await may(permissions.order.order[act], context))))
        return order;
      throw orderNotFound(id);
    },

    async checkMaySee(found, id, email, context) {
      if (found !== undefined && (isOwn(found, context.user?.id, email) || (await may(permissions.order.order.read, context)))) return;
      throw orderNotFound(id);
    },

    async checkMayListAll(context) {
      const permission = permissions.order.order.read;
      if (await may(permission, context)) return;
      throw forbidden(`Orders of others take the permission ${permission}.`, { reason: "PERMISSION_DENIED", metadata: { permission } });
    },
  };
}

export function userOf(context: CallContext): UserIdentity {
  if (!context.user) throw unauthorized("Sign in first.", { reason: "MISSING_TOKEN" });
  return context.user;
}
