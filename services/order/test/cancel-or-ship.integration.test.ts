import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import { FulfillmentStatus, OrderStatus, PaymentStatus } from "@plinth/proto/order/v1/order_pb";
import { ShipmentStatus, ShippingService } from "@plinth/proto/shipping/v1/shipping_pb";
import { type Shop, startShop } from "./shop.ts";

let shop: Shop;

beforeAll(async () => {
  shop = await startShop({ replicas: { order: 2, shipping: 2 } });
}, 120_000);
afterAll(() => shop.stop());

const shipping = () => shop.harness.client("shipping", ShippingService, { user: { id: "user_staff" } });
const orderOf = (id: string) => shop.staff().getOrder({ id });

interface Ready {
  readonly id: string;
  readonly sku: string;
  readonly shipmentId: string;
}

/** Paid, and ready to be handed over. */
async function readyOrder(): Promise<Ready> {
  const sku = await shop.stocked(1);
  const { id } = await shop.buy(sku);
  await shop.payments().capture({ reference: id });
  const { shipments } = await eventually(
    () => shipping().listShipments({ orderId: id }),
    (page) => page.shipments.some(({ status }) => status === ShipmentStatus.READY),
  );
  return { id, sku, shipmentId: shipments[0]?.id ?? "" };
}

const cancel = ({ id }: Ready) => shop.staff().cancelOrder({ id, reason: "changed my mind" });
const ship = ({ shipmentId }: Ready) => shipping().shipShipment({ id: shipmentId, trackingNumber: "T-1" });

/** Goods and money of an order agree: it was shipped and stays paid, or it was canceled and both came back. */
async function expectOneOfBoth({ id, sku, shipmentId }: Ready): Promise<"shipped" | "canceled"> {
  await eventually(
    () => orderOf(id),
    ({ fulfillmentStatus, paymentStatus }) => fulfillmentStatus === FulfillmentStatus.SHIPPED || paymentStatus === PaymentStatus.REFUNDED,
  );
  const processes = async () => (await shop.staff().getOrderTimeline({ id })).processes;
  await eventually(processes, (found) => found.every(({ status }) => status === "done"));
  const order = await orderOf(id);
  const { status } = await shipping().getShipment({ id: shipmentId });
  const outcome = status === ShipmentStatus.IN_TRANSIT ? "shipped" : "canceled";
  const facts = {
    ...{ order: order.status, shipment: status, payment: order.paymentStatus, refunded: order.refunded?.amount },
    ...{ stock: await shop.available(sku), fulfillment: order.fulfillmentStatus, refunds: order.refunds.length },
  };
  expect(facts).toEqual(
    outcome === "shipped"
      ? {
          ...{ order: OrderStatus.OPEN, shipment: ShipmentStatus.IN_TRANSIT, payment: PaymentStatus.PAID, refunded: 0n },
          ...{ stock: 0n, fulfillment: FulfillmentStatus.SHIPPED, refunds: 0 },
        }
      : {
          ...{ order: OrderStatus.CANCELED, shipment: ShipmentStatus.CANCELED, payment: PaymentStatus.REFUNDED, refunded: 1490n },
          ...{ stock: 1n, fulfillment: FulfillmentStatus.UNFULFILLED, refunds: 1 },
        },
  );
  return outcome;
}

test("what a carrier has is not canceled, also where the order has not heard of it", async () => {
  for (let made = 0; made < 5; made++) {
    const ready = await readyOrder();
    await ship(ready);
    await expect(cancel(ready)).rejects.toMatchObject({
      ...{ code: "CONFLICT", reason: "ORDER_STATUS" },
      metadata: expect.objectContaining({ state: "open", allowed: "refund" }),
    });
    expect(await expectOneOfBoth(ready)).toBe("shipped");
  }
});

test("what was canceled is not shipped, also where shipping has not heard of it by an event", async () => {
  for (let made = 0; made < 5; made++) {
    const ready = await readyOrder();
    await cancel(ready);
    await expect(ship(ready)).rejects.toMatchObject({
      reason: "SHIPMENT_STATUS",
      metadata: expect.objectContaining({ state: "canceled" }),
    });
    expect(await expectOneOfBoth(ready)).toBe("canceled");
  }
});

test("canceled and shipped at the same moment, an order is one of both, and its goods and its money agree", async () => {
  const all: Ready[] = [];
  for (let made = 0; made < 40; made++) all.push(await readyOrder());
  const answers = await Promise.all(
    all.map(async (ready, index) => {
      const acts = index % 2 === 0 ? [cancel, ship] : [ship, cancel];
      return (await Promise.allSettled(acts.map((act) => act(ready)))).filter(({ status }) => status === "fulfilled").length;
    }),
  );
  for (const [index, ready] of all.entries()) {
    await expectOneOfBoth(ready);
    expect(answers[index]).toBe(1);
  }
}, 120_000);

test("an order whose cancellation died after shipping had stopped it is canceled nonetheless", async () => {
  const ready = await readyOrder();
  await shop.harness.client("shipping", ShippingService, { module: "order" }).cancelShipments({ orderId: ready.id, reason: "lost" });
  expect(await expectOneOfBoth(ready)).toBe("canceled");
  expect(await orderOf(ready.id)).toMatchObject({ cancelReason: "lost" });
});
