import type { ParcelState, Tracking } from "./carrier.ts";
import type { Changed } from "./order-shipments.ts";
import { type Happening, SHIPMENT_MOVES, type Shipment, type ShipmentMove } from "./shipment.ts";

const MOVE: Readonly<Partial<Record<ParcelState, ShipmentMove>>> = { delivered: "deliver", failed: "fail", returned: "return" };

/**
 * What a carrier's word changes. News that are older than what is known, and news that lead nowhere from here, change nothing: a late "in transit"
 * takes no "delivered" back.
 */
export function followParcel(shipment: Shipment, tracking: Tracking, now: Date): Changed | undefined {
  if (shipment.trackedAt !== null && tracking.at < shipment.trackedAt) return undefined;
  const move = MOVE[tracking.state];
  const open = SHIPMENT_MOVES.allowed(shipment.status, shipment);
  const heard = {
    trackingStatus: tracking.status,
    trackedAt: tracking.at,
    estimatedDelivery: tracking.estimatedDelivery ?? shipment.estimatedDelivery,
    updatedAt: now,
  };
  if (move === undefined) {
    const isNews = shipment.status === "in_transit" && tracking.status !== shipment.trackingStatus;
    return isNews ? { shipment: { ...shipment, ...heard }, happening: { detail: described(tracking) } } : undefined;
  }
  if (!open.includes(move)) return undefined;
  const status = SHIPMENT_MOVES.next(shipment.status, move, shipment);
  const outcome = move === "deliver" ? { deliveredAt: tracking.at, failureReason: "" } : { failureReason: described(tracking) };
  return { shipment: { ...shipment, ...heard, ...outcome, status }, happening: happeningOf(move, tracking) };
}

/** Somebody saw it arrive. Undefined where it has already. Throws CONFLICT, reason SHIPMENT_STATUS. */
export function deliverByHand(shipment: Shipment, now: Date): Changed | undefined {
  if (shipment.status === "delivered") return undefined;
  const status = SHIPMENT_MOVES.next(shipment.status, "deliver", shipment);
  const delivered = { ...shipment, status, deliveredAt: now, failureReason: "", updatedAt: now };
  return { shipment: delivered, happening: { detail: "delivered", event: "delivered" } };
}

function happeningOf(move: ShipmentMove, tracking: Tracking): Happening {
  return { detail: described(tracking), event: move === "deliver" ? "delivered" : "failed" };
}

/** `out_for_delivery`, `On the van` → "out for delivery: On the van". */
function described({ status, detail }: Tracking): string {
  const words = status.replaceAll("_", " ");
  return detail === "" ? words : `${words}: ${detail}`;
}
