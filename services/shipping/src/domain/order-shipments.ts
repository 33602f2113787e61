import { conflict, newId } from "@plinth/kernel/base";
import type { Address } from "./address.ts";
import { estimateDelivery } from "./delivery-estimate.ts";
import { DEFAULT_WAREHOUSE, type FulfillmentEntity } from "./fulfillment-entity.ts";
import { type Happening, isShipped, labelInDoubt, SHIPMENT_MOVES, type Shipment, type ShipmentWithEntity } from "./shipment.ts";

export interface OrderedLine {
  readonly lineId: string;
  readonly sku: string;
  readonly name: string;
  readonly quantity: bigint;
  /** Empty: the default one. */
  readonly warehouseId: string;
  /** Of one. */
  readonly weightGrams: number;
}

/** An order as far as its parcels ask for it. */
export interface PlacedOrder {
  readonly orderId: string;
  readonly number: string;
  readonly customerId: string;
  readonly userId: string;
  readonly email: string;
  readonly locale: string;
  readonly lines: readonly OrderedLine[];
  readonly address: Address;
  readonly optionCode: string;
  readonly carrier: string;
  readonly maxDays: number;
  /** Its goods do not wait until it is paid. */
  readonly chargedOnShipment: boolean;
  readonly createdAt: Date;
}

/** What was heard of an order besides. */
export interface OrderNews {
  readonly paidAt: Date | null;
  readonly canceledAt: Date | null;
}

export interface Changed {
  readonly shipment: Shipment;
  readonly happening: Happening;
}

export function warehouseOf({ warehouseId }: Pick<OrderedLine, "warehouseId">): string {
  return warehouseId === "" ? DEFAULT_WAREHOUSE : warehouseId;
}

/** One shipment for each warehouse, in the order of the lines. */
export function shipmentsOf(
  order: PlacedOrder,
  { entities, carrierService, paidAt }: { entities: readonly FulfillmentEntity[]; carrierService: string } & Pick<OrderNews, "paidAt">,
  now: Date,
): ShipmentWithEntity[] {
  return [...Map.groupBy(order.lines, warehouseOf)].map(([warehouseId, lines]) => {
    const entity = entities.find((each) => each.warehouseId === warehouseId);
    if (entity === undefined) throw new Error(`Nobody ships from ${warehouseId}.`);
    const { orderId, customerId, userId, email, locale, address, optionCode, carrier, maxDays } = order;
    const shipment: Shipment = {
      ...{ id: newId("shp"), tenantId: entity.tenantId, orderId, orderNumber: order.number, customerId, userId, email, locale },
      status: paidAt === null && !order.chargedOnShipment ? "pending" : "ready",
      items: lines.map(({ lineId, sku, name, quantity }) => ({ orderLineId: lineId, sku, name, quantity })),
      weightGrams: lines.reduce((sum, { weightGrams, quantity }) => sum + BigInt(weightGrams) * quantity, 0n),
      ...{ address, optionCode, maxDays, carrier, carrierService, carrierName: "", carrierShipmentId: null, trackerId: null },
      ...{ trackingNumber: "", trackingUrl: "", labelUrl: "", trackingStatus: "", trackedAt: null, failureReason: "" },
      ...{ buyingUntil: null, cancelWanted: false, createdAt: now, updatedAt: now, shippedAt: null, deliveredAt: null },
      estimatedDelivery: estimateDelivery(paidAt ?? order.createdAt, maxDays, entity),
    };
    return { shipment, entity };
  });
}

/** Its order is paid, or somebody lets it go out before that. Undefined where that changes nothing. */
export function makeReady({ shipment, entity }: ShipmentWithEntity, why: string, at: Date, now: Date): Changed | undefined {
  if (shipment.status !== "pending") return undefined;
  const status = SHIPMENT_MOVES.next(shipment.status, "get ready", shipment);
  const estimatedDelivery = estimateDelivery(at, shipment.maxDays, entity);
  return { shipment: { ...shipment, status, estimatedDelivery, updatedAt: now }, happening: { detail: why } };
}

/**
 * Its order is to be canceled: all of its shipments are, or none. What a carrier has is not canceled, and neither is what it may have: its label is being
 * bought. One that failed may still arrive; what came back is no hindrance. Throws CONFLICT, reason ORDER_SHIPPED; SERVICE_UNAVAILABLE, reason SHIPMENT_BUSY.
 */
export function cancelAll(found: readonly ShipmentWithEntity[], why: string, now: Date): (ShipmentWithEntity & Changed)[] {
  for (const { shipment } of found) {
    const { id, orderId, status } = shipment;
    if (!isShipped(shipment) || status === "returned") continue;
    throw conflict(`Shipment ${id} of order ${orderId} is ${status.replace("_", " ")}.`, {
      reason: "ORDER_SHIPPED",
      metadata: { order_id: orderId, shipment_id: id, state: status },
    });
  }
  const busy = found.find(({ shipment }) => shipment.buyingUntil !== null);
  if (busy !== undefined) throw labelInDoubt(busy.shipment.id);
  return found.flatMap((each) => {
    const changed = cancel(each, why, now);
    return changed === undefined ? [] : [{ ...each, ...changed }];
  });
}

/** Its order was canceled. What a carrier has goes on; while its label is being bought nobody knows, so it is decided afterwards. */
export function cancel({ shipment }: ShipmentWithEntity, why: string, now: Date): Changed | undefined {
  if (shipment.status !== "pending" && shipment.status !== "ready") return undefined;
  if (shipment.buyingUntil !== null) {
    if (shipment.cancelWanted) return undefined;
    return {
      shipment: { ...shipment, cancelWanted: true, updatedAt: now },
      happening: { detail: "canceled while its label was being bought" },
    };
  }
  const status = SHIPMENT_MOVES.next(shipment.status, "cancel", shipment);
  return { shipment: { ...shipment, status, updatedAt: now }, happening: { detail: why } };
}
