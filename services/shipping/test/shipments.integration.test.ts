import { timestampDate, timestampNow } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { newId } from "@plinth/kernel/base";
import { eventually } from "@plinth/kernel/testing";
import { OrderCanceledSchema, OrderCreatedSchema, OrderPaidSchema } from "@plinth/proto/order/v1/events_pb";
import { FulfillmentType, ShipmentStatus } from "@plinth/proto/shipping/v1/shipping_pb";
import { aLine, anOrder, type ShippingPlatform, startShipping, WAREHOUSE } from "./shipping-platform.ts";

let p: ShippingPlatform;
beforeAll(async () => {
  p = await startShipping();
});
afterAll(() => p.stop());

const HIDDEN = { code: "NOT_FOUND", reason: "SHIPMENT_NOT_FOUND" };

describe("an order", () => {
  test("makes one shipment for each of its warehouses, with what lies there", async () => {
    const lines = [
      aLine({ lineId: "oln_1", sku: "A", quantity: 2n, weightGrams: 300 }),
      aLine({ lineId: "oln_2", sku: "B", quantity: 1n, weightGrams: 50, warehouseId: "wh_unheard_of" }),
      aLine({ lineId: "oln_3", sku: "C", quantity: 3n, weightGrams: 100 }),
      aLine({ lineId: "oln_4", sku: "D", quantity: 1n, warehouseId: "" }),
    ];
    const { orderId, shipments } = await p.order({ lines, carrier: "manual" });
    const byWarehouse = Object.fromEntries(shipments.map((each) => [each.fulfillmentEntity?.warehouseId, each]));
    expect(byWarehouse[WAREHOUSE]).toMatchObject({
      ...{ orderId, orderNumber: "7K3M9", userId: "user_ada", carrier: "manual", status: ShipmentStatus.PENDING, weightGrams: 900n },
      items: [
        { orderLineId: "oln_1", sku: "A", quantity: 2n, name: "Mug" },
        { orderLineId: "oln_3", sku: "C", quantity: 3n },
      ],
      address: { city: "Berlin", country: "DE" },
      fulfillmentEntity: { type: FulfillmentType.WAREHOUSE, name: "Hamburg" },
    });
    expect(byWarehouse.wh_unheard_of).toMatchObject({ items: [{ sku: "B" }], weightGrams: 50n });
    expect(byWarehouse.default).toMatchObject({ items: [{ sku: "D" }], fulfillmentEntity: { name: "Default warehouse" } });
    expect(timestampDate(byWarehouse.default?.estimatedDelivery ?? timestampNow()).getTime()).toBeGreaterThan(Date.now());
    for (const { id } of shipments) expect(await p.published(id)).toEqual(["shipment.created"]);
  });

  test("that is told again makes no more, under another event id either", async () => {
    const event = anOrder();
    const { orderId } = await p.order(event);
    await p.publish(OrderCreatedSchema, event);
    await p.pay(orderId);
    const shipments = await p.shipmentsOf(orderId);
    expect(shipments).toHaveLength(1);
    expect(await p.published(shipments[0]?.id ?? "")).toEqual(["shipment.created"]);
  });

  test("that is paid may go out, once", async () => {
    const shipment = await p.ready();
    expect(shipment.status).toBe(ShipmentStatus.READY);
    await p.pay(shipment.orderId);
    expect(await p.history(shipment.id)).toEqual(["made", "its order is paid"]);
  });

  test("that is canceled sends nothing", async () => {
    const { orderId, shipments } = await p.order();
    await p.cancel(orderId);
    const [shipment] = await eventually(
      () => p.shipmentsOf(orderId),
      (found) => found.every(({ status }) => status === ShipmentStatus.CANCELED),
    );
    await expect(p.staff().shipShipment({ id: shipment?.id ?? "" })).rejects.toMatchObject({
      ...{ code: "CONFLICT", reason: "SHIPMENT_STATUS" },
      metadata: { state: "canceled", allowed: "" },
    });
    expect(await p.history(shipments[0]?.id ?? "")).toEqual(["made", "its order was canceled"]);
  });

  test("may be heard of in any order", async () => {
    const [paid, canceled] = [anOrder(), anOrder()];
    const orderPaid = { orderId: paid.orderId ?? "", paid: { amount: 1n, currency: "EUR" }, paidAt: timestampNow() };
    await p.publish(OrderPaidSchema, orderPaid);
    await p.publish(OrderCanceledSchema, { orderId: canceled.orderId ?? "", canceledAt: timestampNow() });
    await p.publish(OrderCreatedSchema, canceled);
    const { shipments } = await p.order(paid);
    expect(shipments).toMatchObject([{ status: ShipmentStatus.READY }]);
    // One that comes after it under its own key shows that it was handled.
    await p.publish(OrderPaidSchema, { ...orderPaid, orderId: canceled.orderId ?? "" });
    const noted = () => p.sql("select from shipping.orders where order_id = $1 and paid_at is not null", [canceled.orderId]);
    await eventually(noted, (rows) => rows.length === 1);
    expect(await p.shipmentsOf(canceled.orderId ?? "")).toEqual([]);
  });
});

describe("before an order is canceled", () => {
  const twoWarehouses = () => ({ carrier: "manual", lines: [aLine(), aLine({ warehouseId: "wh_other" })] });
  const statusesOf = async (orderId: string) => (await p.shipmentsOf(orderId)).map(({ status }) => status);
  const told = (orderId: string) =>
    p.sql<{ reason: string }>(
      `select envelope->'data'->>'reason' as reason from (select envelope from shipping.outbox union all select envelope from plinth_bus.log) sent
       where envelope->>'type' = 'shipment.order_canceled' and envelope->>'key' = $1`,
      [orderId],
    );

  test("all its shipments are canceled, once, and order is told", async () => {
    const { orderId } = await p.order(twoWarehouses());
    await Promise.all([p.cancelShipments(orderId), p.cancelShipments(orderId), p.cancelShipments(orderId)]);
    expect(await statusesOf(orderId)).toEqual([ShipmentStatus.CANCELED, ShipmentStatus.CANCELED]);
    expect(await told(orderId)).toEqual([{ reason: "changed my mind" }]);
    const [shipment] = await p.shipmentsOf(orderId);
    expect(await p.history(shipment?.id ?? "")).toEqual(["made", "its order is canceled"]);
    // The event that comes of it changes nothing more.
    await p.cancel(orderId);
    await p.cancelShipments(orderId);
    expect(await told(orderId)).toHaveLength(1);
  });

  test("none of them is where a carrier has one, and the others may go out as well", async () => {
    const { orderId } = await p.order(twoWarehouses());
    const [first, second] = await p.pay(orderId);
    await p.staff().shipShipment({ id: first?.id ?? "" });
    await expect(p.cancelShipments(orderId)).rejects.toMatchObject({
      ...{ code: "CONFLICT", reason: "ORDER_SHIPPED" },
      metadata: { order_id: orderId, shipment_id: first?.id, state: "in_transit" },
    });
    expect(await told(orderId)).toEqual([]);
    await expect(p.staff().shipShipment({ id: second?.id ?? "" })).resolves.toMatchObject({ status: ShipmentStatus.IN_TRANSIT });
  });

  test.each([
    ["failed", false],
    ["returned", true],
  ])("one that %s is a hindrance as long as it may arrive", async (status, isFree) => {
    const { id, orderId } = await p.ready({ carrier: "manual" });
    await p.staff().shipShipment({ id });
    await p.sql("update shipping.shipments set status = $2 where id = $1", [id, status]);
    const stopping = p.cancelShipments(orderId);
    if (isFree) await stopping;
    else await expect(stopping).rejects.toMatchObject({ reason: "ORDER_SHIPPED", metadata: expect.objectContaining({ state: status }) });
  });

  test("one that has not been heard of gets no shipments", async () => {
    const order = anOrder();
    const orderId = order.orderId ?? "";
    await p.cancelShipments(orderId);
    await p.publish(OrderCreatedSchema, order);
    await p.publish(OrderPaidSchema, { orderId, paid: { amount: 1n, currency: "EUR" }, paidAt: timestampNow() });
    const noted = () => p.sql("select from shipping.orders where order_id = $1 and paid_at is not null", [orderId]);
    await eventually(noted, (rows) => rows.length === 1);
    expect(await p.shipmentsOf(orderId)).toEqual([]);
  });

  test("nobody but order may ask for that, and another tenant's is another order", async () => {
    const { id, orderId } = await p.ready({ carrier: "manual" });
    await expect(p.staff().cancelShipments({ orderId })).rejects.toMatchObject({ code: "FORBIDDEN" });
    await p.cancelShipments(orderId, "acme");
    await expect(p.staff().getShipment({ id })).resolves.toMatchObject({ status: ShipmentStatus.READY });
  });
});

describe("a shipment by hand", () => {
  const TRACKING = { trackingNumber: "CC-77", trackingUrl: "https://couriers.example/CC-77", carrierName: "City Couriers" };

  test("is handed over with what is known of it, and arrives", async () => {
    const { id, orderId } = await p.ready({ carrier: "manual" });
    const shipped = await p.staff().shipShipment({ id, ...TRACKING });
    expect(shipped).toMatchObject({ status: ShipmentStatus.IN_TRANSIT, carrier: "manual", ...TRACKING });
    expect(shipped.shippedAt).toBeDefined();
    await expect(p.staff().shipShipment({ id, trackingNumber: "OTHER" })).resolves.toMatchObject({ trackingNumber: "CC-77" });
    // Too late.
    await p.cancel(orderId);
    await p.pay(orderId);
    const delivered = await p.staff().markDelivered({ id });
    expect(delivered).toMatchObject({ status: ShipmentStatus.DELIVERED });
    await expect(p.staff().markDelivered({ id })).resolves.toMatchObject({ deliveredAt: delivered.deliveredAt });
    expect(await p.published(id)).toEqual(["shipment.created", "shipment.shipped", "shipment.delivered"]);
    expect(await p.history(id)).toEqual(["made", "its order is paid", "handed over to City Couriers", "delivered"]);
  });

  test("waits for the money, unless somebody lets it go", async () => {
    const { shipments } = await p.order({ carrier: "manual" });
    const id = shipments[0]?.id ?? "";
    await expect(p.staff().shipShipment({ id })).rejects.toMatchObject({
      reason: "SHIPMENT_STATUS",
      metadata: { state: "pending", allowed: "get ready,cancel" },
    });
    await expect(p.staff().markDelivered({ id })).rejects.toMatchObject({ reason: "SHIPMENT_STATUS" });
    await expect(p.staff().markReady({ id })).resolves.toMatchObject({ status: ShipmentStatus.READY });
    await expect(p.staff().markReady({ id })).resolves.toMatchObject({ status: ShipmentStatus.READY });
    await p.staff().shipShipment({ id });
    await expect(p.staff().markReady({ id })).rejects.toMatchObject({ reason: "SHIPMENT_STATUS" });
  });

  test("with a carrier that is not set up stays where it is", async () => {
    const { id } = await p.ready({ carrier: "pigeons" });
    await expect(p.staff().shipShipment({ id })).rejects.toMatchObject({ code: "CONFLICT", reason: "CARRIER_MISSING" });
    await expect(p.staff().getShipment({ id })).resolves.toMatchObject({ status: ShipmentStatus.READY });
  });
});

describe("who sees it", () => {
  test("its owner sees it, others do not know that it is there", async () => {
    const user = newId("user");
    const { id, orderId } = await p.ready({ userId: user, carrier: "manual" });
    await expect(p.as(user).getShipment({ id })).resolves.toMatchObject({ id, orderId, userId: user });
    await expect(p.as("user_mallory").getShipment({ id })).rejects.toMatchObject(HIDDEN);
    await expect(p.staff().getShipment({ id: newId("shp") })).rejects.toMatchObject(HIDDEN);
    expect((await p.as(user).listShipments({})).shipments.map((each) => each.id)).toEqual([id]);
    expect((await p.as("user_mallory").listShipments({ orderId })).shipments).toEqual([]);
  });

  test("a guest's is for staff alone", async () => {
    const { id } = await p.ready({ userId: "", customerId: "", carrier: "manual" });
    await expect(p.as("user_mallory").getShipment({ id })).rejects.toMatchObject(HIDDEN);
    await expect(p.staff().getShipment({ id })).resolves.toMatchObject({ userId: "" });
  });

  test("another tenant neither sees nor touches it", async () => {
    const { id, orderId } = await p.ready({ carrier: "manual" });
    // The same user, elsewhere.
    const others = p.as("user_ada", "acme");
    await expect(others.getShipment({ id })).rejects.toMatchObject(HIDDEN);
    await expect(others.shipShipment({ id })).rejects.toMatchObject(HIDDEN);
    await expect(others.markReady({ id })).rejects.toMatchObject(HIDDEN);
    await expect(others.markDelivered({ id })).rejects.toMatchObject(HIDDEN);
    expect((await others.listShipments({ orderId })).shipments).toEqual([]);
    // The same id in another tenant is another order.
    await p.cancel(orderId, "acme");
    const noted = () => p.sql("select from shipping.orders where order_id = $1 and tenant_id = 'acme'", [orderId]);
    await eventually(noted, (rows) => rows.length === 1);
    await expect(p.staff().getShipment({ id })).resolves.toMatchObject({ status: ShipmentStatus.READY });
  });
});

test("lists lead by pages through what has a status", async () => {
  const user = newId("user");
  const made: string[] = [];
  for (let index = 0; index < 5; index++) made.push((await p.ready({ userId: user, carrier: "manual" })).id);
  await p.staff().shipShipment({ id: made[2] ?? "" });
  const seen: string[] = [];
  let pageToken = "";
  do {
    const page = await p.as(user).listShipments({ status: ShipmentStatus.READY, pageSize: 2, pageToken });
    expect(page.shipments.length).toBeLessThanOrEqual(2);
    seen.push(...page.shipments.map(({ id }) => id));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(seen).toEqual(made.filter((_, index) => index !== 2).reverse());
});
