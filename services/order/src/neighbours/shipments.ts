import { PlinthError } from "@plinth/kernel/base";
import type { Client } from "@plinth/kernel/client";
import type { ShippingService } from "@plinth/proto/shipping/v1/shipping_pb";

/**
 * Asks shipping, which alone knows what a carrier has, to ship nothing of an order any more. False: a carrier has something of it already. Throws
 * SERVICE_UNAVAILABLE while shipping does not say.
 */
export async function stopShipments(shipping: Client<typeof ShippingService>, orderId: string, reason: string): Promise<boolean> {
  try {
    await shipping.cancelShipments({ orderId, reason });
    return true;
  } catch (error) {
    if (PlinthError.from(error).reason === "ORDER_SHIPPED") return false;
    throw error;
  }
}
