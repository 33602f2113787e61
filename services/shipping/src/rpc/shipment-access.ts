import { unauthorized } from "@plinth/kernel/base";
import type { Client } from "@plinth/kernel/client";
import type { CallContext } from "@plinth/kernel/rpc";
import type { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import { permissions } from "@plinth/proto/permissions";
import { type ShipmentWithEntity, shipmentNotFound } from "../domain/shipment.ts";

/** Whose shipments the user of a call sees. */
export interface ShipmentAccess {
  /** Undefined: everybody's; else those of this user. Throws UNAUTHORIZED without a user. */
  ownerSeenBy(context: CallContext): Promise<string | undefined>;
  /** Throws NOT_FOUND for a shipment of somebody else as for one that is not there; answers whether the user sees it as staff does. */
  checkVisible(
    found: ShipmentWithEntity | undefined,
    id: string,
    context: CallContext,
  ): Promise<{ found: ShipmentWithEntity; isStaff: boolean }>;
}

export function shipmentAccess(authz: Client<typeof AuthzService>): ShipmentAccess {
  const ownerSeenBy: ShipmentAccess["ownerSeenBy"] = async ({ user }) => {
    if (user === undefined) throw unauthorized("Sign in first.", { reason: "MISSING_TOKEN" });
    const { allowed } = await authz.hasPermission({ userId: user.id, permission: permissions.shipping.shipment.read });
    return allowed ? undefined : user.id;
  };
  return {
    ownerSeenBy,
    async checkVisible(found, id, context) {
      const owner = await ownerSeenBy(context);
      if (found === undefined || (owner !== undefined && found.shipment.userId !== owner)) throw shipmentNotFound(id);
      return { found, isStaff: owner === undefined };
    },
  };
}
