import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Transaction } from "@plinth/kernel/database";
import type { EventHandler } from "@plinth/kernel/events";
import type { OrderCreatedSchema } from "@plinth/proto/order/v1/events_pb";
import type { PlacedOrder } from "../domain/order-shipments.ts";

/** An order has something to send from each of its warehouses. */
export function onOrderCreated(
  orderCreated: (tx: Transaction, order: PlacedOrder) => Promise<void>,
): EventHandler<typeof OrderCreatedSchema> {
  return (event, tx) => {
    const { orderId, number, customerId, userId, email, locale, lines, carrier, maxDays, chargedOnShipment } = event;
    const { name, company, line1, line2, city, region, postalCode, country, phone } = event.shippingAddress ?? NOWHERE;
    return orderCreated(tx, {
      ...{ orderId, number, customerId, userId, email, locale, carrier, maxDays, chargedOnShipment, optionCode: event.shippingOption },
      lines: lines.map(({ lineId, sku, name: what, quantity, warehouseId, weightGrams }) => ({
        ...{ lineId, sku, name: what, quantity, warehouseId, weightGrams },
      })),
      address: { name, company, line1, line2, city, region, postalCode, country, phone },
      createdAt: event.createdAt === undefined ? new Date() : timestampDate(event.createdAt),
    });
  };
}

const NOWHERE = { name: "", company: "", line1: "", line2: "", city: "", region: "", postalCode: "", country: "", phone: "" };
