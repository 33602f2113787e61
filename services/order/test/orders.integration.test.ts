import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import { FulfillmentStatus, type Order, OrderStatus, PaymentStatus, RefundStatus, ReturnStatus } from "@plinth/proto/order/v1/order_pb";
import { ShipmentStatus, ShippingService } from "@plinth/proto/shipping/v1/shipping_pb";
import { EMAIL, type Shop, startShop } from "./shop.ts";

let shop: Shop;

beforeAll(async () => {
  shop = await startShop();
}, 120_000);
afterAll(() => shop.stop());

const euros = (amount: bigint) => expect.objectContaining({ amount, currency: "EUR" });
const statusOf = (id: string) => shop.staff().getOrder({ id });

/** Paid by a bank transfer that has come. */
async function paidOrder(sku: string, quantity = 1): Promise<Order> {
  const { id } = await shop.buy(sku, quantity);
  await shop.payments().capture({ reference: id });
  return eventually(
    () => statusOf(id),
    ({ paymentStatus }) => paymentStatus === PaymentStatus.PAID,
  );
}

const shippingOf = () => shop.harness.client("shipping", ShippingService, { user: { id: "user_staff" } });

/** What shipping has made of the order, once it may be sent. */
async function readyShipment(orderId: string): Promise<string> {
  const { shipments } = await eventually(
    () => shippingOf().listShipments({ orderId }),
    (page) => page.shipments.some(({ status }) => status === ShipmentStatus.READY),
  );
  return shipments[0]?.id ?? "";
}

describe("canceling", () => {
  test("an order that is not charged lets go of its payment and returns its stock", async () => {
    const sku = await shop.stocked(3);
    const order = await shop.buy(sku, 2);
    expect(await shop.available(sku)).toBe(1n);
    const canceled = await shop.orders().cancelOrder({ id: order.id, email: EMAIL, reason: "changed my mind" });
    expect(canceled).toMatchObject({ status: OrderStatus.CANCELED, cancelReason: "changed my mind" });
    await eventually(
      () => statusOf(order.id),
      ({ paymentStatus }) => paymentStatus === PaymentStatus.VOIDED,
    );
    await eventually(
      () => shop.available(sku),
      (available) => available === 3n,
    );
    // Again is no mistake, and does nothing twice.
    await shop.orders().cancelOrder({ id: order.id, email: EMAIL, reason: "again" });
    const { processes, history } = await eventually(
      () => shop.staff().getOrderTimeline({ id: order.id }),
      (timeline) => timeline.processes[1]?.status === "done",
    );
    expect(processes[1]?.steps.map(({ step, outcome }) => `${step}: ${outcome}`)).toEqual([
      "await checkout: done",
      "return money: done",
      "return stock: done",
      "note refund: skipped",
    ]);
    expect(history.filter(({ what }) => what === "canceled")).toHaveLength(1);
    expect(await shop.available(sku)).toBe(3n);
  });

  test("a paid one gives all its money back, and tells of it", async () => {
    const sku = await shop.stocked(1);
    const order = await paidOrder(sku);
    await shop.staff().cancelOrder({ id: order.id, reason: "damaged in the warehouse" });
    const after = await eventually(
      () => statusOf(order.id),
      ({ refunds, paymentStatus }) => refunds.length === 1 && paymentStatus === PaymentStatus.REFUNDED,
    );
    expect(after.refunds).toMatchObject([{ amount: euros(1490n), shipping: euros(490n), status: RefundStatus.DONE }]);
    expect(await shop.available(sku)).toBe(1n);
    expect(await told(order.id)).toEqual(["order.created", "order.paid", "order.canceled", "order.refunded"]);
    await expect(shop.staff().refundOrder({ id: order.id })).rejects.toMatchObject({
      reason: "ORDER_STATUS",
      metadata: { state: "canceled" },
    });
  });

  test("one that was returned in part gives back the rest, of money and of goods", async () => {
    const sku = await shop.stocked(3);
    const order = await paidOrder(sku, 3);
    const lineId = order.lines[0]?.id ?? "";
    await shop.staff().refundOrder({ id: order.id, lines: [{ lineId, quantity: 2n, returned: true }] });
    await shop.staff().cancelOrder({ id: order.id, reason: "the rest is lost" });
    const after = await eventually(
      () => statusOf(order.id),
      ({ refunds, paymentStatus }) => refunds.length === 2 && paymentStatus === PaymentStatus.REFUNDED,
    );
    expect(after.refunds.map(({ amount }) => amount?.amount)).toEqual([2000n, 1490n]);
    const timeline = await eventually(
      () => shop.staff().getOrderTimeline({ id: order.id }),
      ({ processes }) => processes.length === 3 && processes.every(({ status }) => status === "done"),
    );
    expect(timeline.processes.map(({ name }) => name)).toContain("cancellation");
    expect(await shop.available(sku)).toBe(3n);
  });

  test("is refused to whom it does not belong, and once something is on its way", async () => {
    const order = await paidOrder(await shop.stocked(1));
    const notThere = { code: "NOT_FOUND", reason: "ORDER_NOT_FOUND" };
    await expect(shop.orders({ user: { id: "user_eve" } }).cancelOrder({ id: order.id })).rejects.toMatchObject(notThere);
    await expect(shop.staff().cancelOrder({ id: "ord_unknown" })).rejects.toMatchObject(notThere);
    await shippingOf().shipShipment({ id: await readyShipment(order.id), trackingNumber: "T-1" });
    await eventually(
      () => statusOf(order.id),
      ({ fulfillmentStatus }) => fulfillmentStatus === FulfillmentStatus.SHIPPED,
    );
    const refused = shop.orders().cancelOrder({ id: order.id, email: EMAIL });
    const metadata = expect.objectContaining({ state: "open", allowed: "refund" });
    await expect(refused).rejects.toMatchObject({ code: "CONFLICT", reason: "ORDER_STATUS", metadata });
  });
});

test("an order that is paid and has arrived is complete", async () => {
  const order = await paidOrder(await shop.stocked(2), 2);
  const shipmentId = await readyShipment(order.id);
  await shippingOf().shipShipment({ id: shipmentId, trackingNumber: "T-2" });
  await shippingOf().markDelivered({ id: shipmentId });
  const complete = await eventually(
    () => statusOf(order.id),
    ({ status }) => status === OrderStatus.COMPLETED,
  );
  expect(complete).toMatchObject({
    fulfillmentStatus: FulfillmentStatus.DELIVERED,
    lines: [{ shipped: 2n, delivered: 2n }],
    shipments: [{ shipmentId, status: "delivered", trackingNumber: "T-2" }],
  });
  expect(await told(order.id)).toEqual(["order.created", "order.paid", "order.completed"]);
});

describe("refunding", () => {
  test("line by line, an amount, and the rest ends at nothing, in the payment too", async () => {
    const sku = await shop.stocked(3, 1000n);
    const order = await paidOrder(sku, 3);
    const lineId = order.lines[0]?.id ?? "";
    const refund = (request: object, key?: string) =>
      shop.staff().refundOrder({ id: order.id, ...request }, key === undefined ? {} : { idempotencyKey: key });
    const first = await refund({ lines: [{ lineId, quantity: 1n, returned: true }], reason: "too small" }, "r1");
    expect(first).toMatchObject({ amount: euros(1000n), tax: euros(160n), status: RefundStatus.DONE });
    // The same key is the same refund.
    expect(await refund({ lines: [{ lineId, quantity: 1n, returned: true }], reason: "too small" }, "r1")).toEqual(first);
    await expect(refund({ shipping: true }, "r1")).rejects.toMatchObject({ reason: "IDEMPOTENCY_CONFLICT" });
    expect(await shop.available(sku)).toBe(1n);
    expect(await refund({ amount: { amount: 100n, currency: "EUR" } })).toMatchObject({ amount: euros(100n) });
    await refund({});
    const after = await eventually(
      () => statusOf(order.id),
      ({ paymentStatus }) => paymentStatus === PaymentStatus.REFUNDED,
    );
    expect(after).toMatchObject({
      refunded: euros(3490n),
      returnStatus: ReturnStatus.PARTIALLY_RETURNED,
      lines: [{ refunded: 3n, returned: 1n }],
    });
    expect(after.refunds.reduce((sum, { tax }) => sum + (tax?.amount ?? 0n), 0n)).toBe(order.tax?.amount);
    await expect(refund({})).rejects.toMatchObject({ reason: "NOTHING_TO_REFUND" });
    expect((await told(order.id)).filter((type) => type === "order.refunded")).toHaveLength(3);
    const [ledger] = await shop.sql<{ balance: string }>("select sum(amount)::text as balance from payment.ledger_postings");
    expect(ledger).toEqual({ balance: "0" });
  });

  test("what the payment cannot give back is refused, and can be asked for again", async () => {
    const order = await paidOrder(await shop.stocked(1));
    // A clerk was faster, at the payment itself.
    await shop.payments().refund({ reference: order.id, amount: { amount: 1000n, currency: "EUR" } });
    await expect(shop.staff().refundOrder({ id: order.id })).rejects.toMatchObject({ code: "CONFLICT", reason: "REFUND_REFUSED" });
    expect(await shop.staff().refundOrder({ id: order.id, shipping: true })).toMatchObject({ amount: euros(490n) });
  });

  test("is refused for an order that is not charged, for unknown lines and absurd quantities, and leaves no trace", async () => {
    const order = await shop.buy(await shop.stocked(1));
    const refused = async ([request, refusal]: [object, object]) =>
      expect(shop.staff().refundOrder({ id: order.id, ...request })).rejects.toMatchObject(refusal);
    await refused([{}, { reason: "ORDER_STATUS", metadata: expect.objectContaining({ state: "open", allowed: "cancel" }) }]);
    await shop.payments().capture({ reference: order.id });
    await eventually(
      () => statusOf(order.id),
      ({ paymentStatus }) => paymentStatus === PaymentStatus.PAID,
    );
    const lineId = order.lines[0]?.id ?? "";
    await refused([{ lines: [{ lineId: "oln_9", quantity: 1n }] }, { code: "NOT_FOUND", reason: "LINE_NOT_FOUND" }]);
    await refused([
      { lines: [{ lineId, quantity: 2n }] },
      { reason: "QUANTITY_TOO_LARGE", metadata: expect.objectContaining({ line_id: lineId, available: "1" }) },
    ]);
    await refused([{ lines: [{ lineId, quantity: 9_999_999n }] }, { code: "VALIDATION_ERROR" }]);
    await refused([
      { amount: { amount: 1491n, currency: "EUR" } },
      { reason: "AMOUNT_TOO_LARGE", metadata: expect.objectContaining({ available: "1490" }) },
    ]);
    await refused([
      { amount: { amount: 1n, currency: "USD" } },
      { code: "VALIDATION_ERROR", fieldErrors: { "amount.currency": expect.anything() } },
    ]);
    await refused([{ amount: { amount: -1n, currency: "EUR" } }, { code: "VALIDATION_ERROR" }]);
    await expect(shop.staff().refundOrder({ id: "ord_unknown" })).rejects.toMatchObject({ reason: "ORDER_NOT_FOUND" });
    expect(await statusOf(order.id)).toMatchObject({ refunds: [], paymentStatus: PaymentStatus.PAID });
  });
});

test("notes are kept for colleagues, newest first", async () => {
  const { id: orderId } = await shop.buy(await shop.stocked(1));
  await shop.staff().addNote({ orderId, text: "Called about the address." });
  await shop.staff().addNote({ orderId, text: "Sent again." });
  const { notes } = await shop.staff().listNotes({ orderId });
  expect(notes.map(({ text, authorId }) => [text, authorId])).toEqual([
    ["Sent again.", "user_staff"],
    ["Called about the address.", "user_staff"],
  ]);
  await expect(shop.staff().addNote({ orderId: "ord_unknown", text: "?" })).rejects.toMatchObject({ reason: "ORDER_NOT_FOUND" });
});

/** Types of the order's events, oldest first; the relay may have moved them from the outbox to the bus. */
async function told(orderId: string): Promise<string[]> {
  const rows = await shop.sql<{ type: string }>(
    `select envelope->>'type' as type from (select envelope from orders.outbox union all select envelope from plinth_bus.log) sent
     where envelope->>'topic' = 'order' and envelope->>'key' = $1 order by envelope->>'eventId'`,
    [orderId],
  );
  return rows.map(({ type }) => type);
}
