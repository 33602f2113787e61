import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { newId } from "@plinth/kernel/base";
import type { OpenDatabase } from "@plinth/kernel/database";
import { type CountedDatabase, openCountedDatabase } from "@plinth/kernel/testing";
import type { PlacedOrder } from "../src/domain/order-shipments.ts";
import { PostgresOptionStore } from "../src/store/option-store.ts";
import { OrderShipmentStore } from "../src/store/order-shipment-store.ts";
import { ShipmentEvents } from "../src/store/shipment-events.ts";
import { PostgresShipmentStore } from "../src/store/shipment-store.ts";
import { ADA, type ShippingPlatform, startShipping, WAREHOUSE } from "./shipping-platform.ts";

let p: ShippingPlatform;
let database: OpenDatabase;
let counted: CountedDatabase["counted"];

beforeAll(async () => {
  p = await startShipping();
  ({ database, counted } = await openCountedDatabase({
    url: p.harness.databaseUrl("shipping"),
    schema: "shipping",
  }));
});
afterAll(async () => {
  await database.close();
  await p.stop();
});

/** What an order with so many lines in so many warehouses costs, step by step. */
async function costs(lines: number, warehouses: number): Promise<Record<string, number>> {
  // The real outlets write all events of a transaction by one statement; here none is written.
  const outlets = { publish: async () => {}, audit: async () => {} };
  const events = new ShipmentEvents(outlets);
  const orders = new OrderShipmentStore(events, () => ({ cutOffHour: 14, timeZone: "UTC" }));
  const shipments = new PostgresShipmentStore(database, events);
  const options = new PostgresOptionStore(database, database.remember(), outlets);
  const orderId = newId("ord");
  const warehouseOf = (index: number) => (index % warehouses === 0 ? WAREHOUSE : `wh_${index % warehouses}`);
  const order: PlacedOrder = {
    ...{ orderId, number: "1", customerId: "", userId: "user_ada", email: "a@example.com", locale: "", address: ADA },
    lines: Array.from({ length: lines }, (_, index) => ({
      ...{ lineId: `oln_${index}`, sku: `SKU-${index}`, name: "x", quantity: 1n, warehouseId: warehouseOf(index), weightGrams: 1 },
    })),
    ...{ optionCode: "standard", carrier: "manual", maxDays: 1, chargedOnShipment: false, createdAt: new Date() },
  };
  const goods = { currency: "EUR", subtotal: 1n, weightGrams: 1n };
  const quoted = {
    ...goods,
    country: "DE",
    postalCode: "1",
    optionCode: "",
    warehouseIds: order.lines.map(({ warehouseId }) => warehouseId),
  };
  return {
    quote: await counted(() => options.quoteFacts(quoted)),
    created: await counted(() => database.transaction((tx) => orders.orderCreated(tx, order))),
    again: await counted(() => database.transaction((tx) => orders.orderCreated(tx, order))),
    paid: await counted(() => database.transaction((tx) => orders.orderPaid(tx, orderId, new Date()))),
    list: await counted(() => shipments.listShipments({ orderId, status: undefined, userId: undefined }, { size: 50, token: "" })),
    canceled: await counted(() => database.transaction((tx) => orders.orderCanceled(tx, orderId, new Date()))),
  };
}

test("50 lines cost as many statements as one, and so do several warehouses that are known", async () => {
  // Makes those who ship.
  await costs(5, 5);
  const one = await costs(1, 1);
  expect(await costs(50, 1)).toEqual(one);
  expect(await costs(50, 5)).toEqual(one);
  // begin, news of the order with who ships, shipments with items and history, commit.
  expect(one.created).toBe(4);
  // begin, news of the order, its shipments, their change with its history, commit.
  expect(one.paid).toBe(5);
  // The zone with its options, and who ships.
  expect(one.quote).toBe(1);
});
