import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Transaction } from "@plinth/kernel/database";
import type { Service } from "@plinth/kernel/service";
import {
  OrderShipmentsCanceledSchema,
  ShipmentCreatedSchema,
  ShipmentDeliveredSchema,
  ShipmentFailedSchema,
  ShipmentShippedSchema,
} from "@plinth/proto/shipping/v1/events_pb";
import type { Happening, Shipment, ShipmentWithEntity } from "../domain/shipment.ts";
import { entityBrief } from "../messages/setting-message.ts";

/** Says what happened to a shipment, to other modules and to the audit trail, in the transaction in which it happens. */
export class ShipmentEvents {
  readonly #outlets: Pick<Service<unknown>, "publish" | "audit">;

  constructor(outlets: Pick<Service<unknown>, "publish" | "audit">) {
    this.#outlets = outlets;
  }

  async created(tx: Transaction, { shipment, entity }: ShipmentWithEntity): Promise<void> {
    const { carrier, customerId, email, createdAt } = shipment;
    await this.#outlets.publish(tx, ShipmentCreatedSchema, {
      ...subjectOf(shipment),
      ...{ carrier, customerId, email, fulfillmentEntity: entityBrief(entity), createdAt: timestampFromDate(createdAt) },
      ...estimateOf(shipment),
    });
    await this.#audit(tx, "shipment.created", shipment, {});
  }

  async changed(tx: Transaction, shipment: Shipment, { detail, event }: Happening): Promise<void> {
    const at = timestampFromDate(shipment.updatedAt);
    if (event === "shipped") {
      const { carrier, carrierName, trackingNumber, trackingUrl, email, orderNumber, customerId, userId, locale } = shipment;
      await this.#outlets.publish(tx, ShipmentShippedSchema, {
        ...subjectOf(shipment),
        ...{ carrier, carrierName, trackingNumber, trackingUrl, email, orderNumber, customerId, userId, locale, shippedAt: at },
        ...estimateOf(shipment),
      });
    } else if (event === "delivered") {
      const deliveredAt = timestampFromDate(shipment.deliveredAt ?? shipment.updatedAt);
      const { email, orderNumber, customerId, userId, locale } = shipment;
      const customer = { email, orderNumber, customerId, userId, locale };
      await this.#outlets.publish(tx, ShipmentDeliveredSchema, { ...subjectOf(shipment), ...customer, deliveredAt });
    } else if (event === "failed") {
      await this.#outlets.publish(tx, ShipmentFailedSchema, { ...subjectOf(shipment), reason: shipment.failureReason, failedAt: at });
    }
    await this.#audit(tx, `shipment.${shipment.status}`, shipment, { detail });
  }

  async orderCanceled(tx: Transaction, orderId: string, reason: string, at: Date): Promise<void> {
    await this.#outlets.publish(tx, OrderShipmentsCanceledSchema, { orderId, reason, canceledAt: timestampFromDate(at) });
  }

  #audit(tx: Transaction, action: string, { id, orderId }: Shipment, metadata: Record<string, string>): Promise<void> {
    const entry = { action, resource: "shipment", resourceId: id, outcome: "success" } as const;
    return this.#outlets.audit(tx, { ...entry, metadata: { order_id: orderId, ...metadata } });
  }
}

function subjectOf({ id: shipmentId, orderId, items }: Shipment) {
  return { shipmentId, orderId, items: items.map((item) => ({ ...item })) };
}

function estimateOf({ estimatedDelivery }: Shipment) {
  return estimatedDelivery === null ? {} : { estimatedDelivery: timestampFromDate(estimatedDelivery) };
}
