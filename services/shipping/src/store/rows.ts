import type { Address } from "../domain/address.ts";
import type { FulfillmentEntity, FulfillmentType } from "../domain/fulfillment-entity.ts";
import type { Shipment, ShipmentStatus, ShipmentWithEntity } from "../domain/shipment.ts";

interface EntityColumns {
  readonly id: string;
  readonly tenant_id: string;
  readonly type: FulfillmentType;
  readonly warehouse_id: string;
  readonly name: string;
  readonly carriers: readonly string[];
  readonly cut_off_hour: number;
  readonly time_zone: string;
  readonly address: Address | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export type EntityRow = EntityColumns & Record<string, unknown>;

export interface ShipmentRow extends Record<string, unknown> {
  readonly id: string;
  readonly tenant_id: string;
  readonly order_id: string;
  readonly order_number: string;
  readonly customer_id: string;
  readonly user_id: string;
  readonly email: string;
  readonly locale: string;
  readonly warehouse_id: string;
  readonly entity_id: string;
  readonly status: ShipmentStatus;
  readonly address: Address;
  readonly weight_grams: string;
  readonly option_code: string;
  readonly max_days: number;
  readonly carrier: string;
  readonly carrier_service: string;
  readonly carrier_name: string;
  readonly carrier_shipment_id: string | null;
  readonly tracker_id: string | null;
  readonly tracking_number: string;
  readonly tracking_url: string;
  readonly label_url: string;
  readonly tracking_status: string;
  readonly tracked_at: Date | null;
  readonly failure_reason: string;
  readonly buying_until: Date | null;
  readonly cancel_wanted: boolean;
  readonly estimated_delivery: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly shipped_at: Date | null;
  readonly delivered_at: Date | null;
}

/** A shipment with its items and who ships it, as `SHIPMENTS` reads it. */
export interface FullShipmentRow extends ShipmentRow {
  readonly items: readonly { orderLineId: string; sku: string; name: string; quantity: string }[];
  readonly entity: EntityJson;
}

/** In JSON, times are text. */
export interface EntityJson extends Omit<EntityColumns, "created_at" | "updated_at"> {
  readonly created_at: string;
  readonly updated_at: string;
}

export function entityOf(row: EntityColumns): FulfillmentEntity {
  const { id, type, name, carriers, address } = row;
  return {
    ...{ id, type, name, carriers, address, tenantId: row.tenant_id, warehouseId: row.warehouse_id },
    ...{ cutOffHour: row.cut_off_hour, timeZone: row.time_zone, createdAt: row.created_at, updatedAt: row.updated_at },
  };
}

export function entityOfJson({ created_at, updated_at, ...same }: EntityJson): FulfillmentEntity {
  return entityOf({ ...same, created_at: new Date(created_at), updated_at: new Date(updated_at) });
}

export function shipmentOf(row: FullShipmentRow): ShipmentWithEntity {
  const { id, status, address, carrier, email, locale } = row;
  const shipment: Shipment = {
    ...{ id, status, address, carrier, email, locale, tenantId: row.tenant_id, orderId: row.order_id, orderNumber: row.order_number },
    ...{ customerId: row.customer_id, userId: row.user_id, optionCode: row.option_code, maxDays: row.max_days },
    ...{ carrierService: row.carrier_service, carrierName: row.carrier_name, carrierShipmentId: row.carrier_shipment_id },
    ...{ trackerId: row.tracker_id, trackingNumber: row.tracking_number, trackingUrl: row.tracking_url, labelUrl: row.label_url },
    ...{ trackingStatus: row.tracking_status, trackedAt: row.tracked_at, failureReason: row.failure_reason },
    ...{ buyingUntil: row.buying_until, cancelWanted: row.cancel_wanted, estimatedDelivery: row.estimated_delivery },
    ...{ createdAt: row.created_at, updatedAt: row.updated_at, shippedAt: row.shipped_at, deliveredAt: row.delivered_at },
    weightGrams: BigInt(row.weight_grams),
    items: row.items.map((item) => ({ ...item, quantity: BigInt(item.quantity) })),
  };
  return { shipment, entity: entityOfJson(row.entity) };
}

export function shipmentRow({ shipment, entity }: ShipmentWithEntity): ShipmentRow {
  const { id, status, address, carrier, email, locale } = shipment;
  return {
    ...{ id, status, address, carrier, email, locale, tenant_id: shipment.tenantId, order_id: shipment.orderId },
    ...{ order_number: shipment.orderNumber, customer_id: shipment.customerId, user_id: shipment.userId },
    ...{ warehouse_id: entity.warehouseId, entity_id: entity.id, weight_grams: String(shipment.weightGrams) },
    ...{ option_code: shipment.optionCode, max_days: shipment.maxDays, carrier_service: shipment.carrierService },
    ...{ carrier_name: shipment.carrierName, carrier_shipment_id: shipment.carrierShipmentId, tracker_id: shipment.trackerId },
    ...{ tracking_number: shipment.trackingNumber, tracking_url: shipment.trackingUrl, label_url: shipment.labelUrl },
    ...{ tracking_status: shipment.trackingStatus, tracked_at: shipment.trackedAt, failure_reason: shipment.failureReason },
    ...{ buying_until: shipment.buyingUntil, cancel_wanted: shipment.cancelWanted, estimated_delivery: shipment.estimatedDelivery },
    ...{ created_at: shipment.createdAt, updated_at: shipment.updatedAt, shipped_at: shipment.shippedAt },
    delivered_at: shipment.deliveredAt,
  };
}
