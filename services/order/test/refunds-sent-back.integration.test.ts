import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import { OrderStatus, PaymentStatus, RefundStatus } from "@plinth/proto/order/v1/order_pb";
import { type StripeShop, startStripeShop } from "./stripe-shop.ts";

let shop: StripeShop;

beforeAll(async () => {
  shop = await startStripeShop();
}, 120_000);
afterAll(() => shop.stop());

const euros = (amount: bigint) => expect.objectContaining({ amount, currency: "EUR" });
const orderOf = (id: string) => shop.staff().getOrder({ id });
const FAILURE = "The bank sent it back: lost_or_stolen_card.";

async function paidOrder(methodToken: string) {
  const { id } = await shop.buy(await shop.stocked(1), 1, { provider: "stripe", methodToken });
  return eventually(
    () => orderOf(id),
    ({ paymentStatus }) => paymentStatus === PaymentStatus.PAID,
  );
}

async function sendBack(orderId: string): Promise<void> {
  await shop.stripe.control("POST", `refunds/${await shop.stripeId(orderId)}`, { status: "failed" });
}

const auditOf = (orderId: string) =>
  shop.sql<{ outcome: string; failure: string }>(
    `select entry->>'outcome' as outcome, entry->'metadata'->>'failure' as failure
     from plinth_bus.log, lateral (select envelope->'data'->'entry' as entry) recorded
     where entry->>'action' = 'order.refund_failed' and entry->>'resourceId' = $1`,
    [orderId],
  );

test.each(["pm_card_visa", "pm_card_pendingRefund"])(
  "a refund of %s that the bank sends back later can be made once more",
  async (card) => {
    const order = await paidOrder(card);
    const lineId = order.lines[0]?.id ?? "";
    const refund = await shop.staff().refundOrder({ id: order.id, lines: [{ lineId, quantity: 1n, returned: true }], reason: "broken" });
    expect(refund.status).toBe(RefundStatus.DONE);
    await eventually(
      () => orderOf(order.id),
      ({ paymentStatus }) => paymentStatus === PaymentStatus.PARTIALLY_REFUNDED,
    );
    await sendBack(order.id);
    const after = await eventually(
      () => orderOf(order.id),
      ({ refunds }) => refunds[0]?.status === RefundStatus.FAILED,
    );
    expect(after).toMatchObject({
      paymentStatus: PaymentStatus.PAID,
      refunded: euros(0n),
      refunds: [{ id: refund.id, amount: euros(1000n), failure: FAILURE }],
      // The goods are here.
      lines: [{ refunded: 0n, returned: 1n, refundedAmount: euros(0n) }],
    });
    const { history } = await shop.staff().getOrderTimeline({ id: order.id });
    expect(history.slice(-2)).toMatchObject([
      { what: "refund failed at the provider", detail: { amount: "1000" } },
      { what: "refund failed", detail: { refund_id: refund.id, amount: "1000", failure: FAILURE } },
    ]);
    const entries = await eventually(
      () => auditOf(order.id),
      ({ length }) => length > 0,
    );
    expect(entries).toEqual([{ outcome: "OUTCOME_FAILURE", failure: FAILURE }]);
    const failures = `select envelope->'data'->'amount'->>'amount' as amount, coalesce(envelope->'data'->'refunded'->>'amount', '0') as refunded
      from plinth_bus.log where envelope->>'type' = 'order.refund_failed' and envelope->>'key' = $1`;
    const told = await eventually(
      () => shop.sql(failures, [order.id]),
      ({ length }) => length > 0,
    );
    expect(told).toEqual([{ amount: "1000", refunded: "0" }]);
    expect(await shop.staff().refundOrder({ id: order.id })).toMatchObject({ amount: euros(1490n), status: RefundStatus.DONE });
    await eventually(
      () => orderOf(order.id),
      ({ paymentStatus }) => paymentStatus === PaymentStatus.REFUNDED,
    );
  },
);

test("what a cancellation gave back and the bank sent back, people can give back", async () => {
  const order = await paidOrder("pm_card_visa");
  await shop.staff().cancelOrder({ id: order.id, reason: "lost" });
  await eventually(
    () => orderOf(order.id),
    ({ refunds, paymentStatus }) => refunds[0]?.status === RefundStatus.DONE && paymentStatus === PaymentStatus.REFUNDED,
  );
  await sendBack(order.id);
  const after = await eventually(
    () => orderOf(order.id),
    ({ refunds }) => refunds[0]?.status === RefundStatus.FAILED,
  );
  expect(after).toMatchObject({ status: OrderStatus.CANCELED, paymentStatus: PaymentStatus.PAID, refunded: euros(0n) });
  expect(await shop.staff().refundOrder({ id: order.id, reason: "again" })).toMatchObject({ amount: euros(1490n) });
  await eventually(
    () => orderOf(order.id),
    ({ paymentStatus }) => paymentStatus === PaymentStatus.REFUNDED,
  );
  const [balance] = await shop.sql(
    `select sum(p.amount)::text as charged from payment.ledger_postings p join payment.ledger_transactions t on t.id = p.transaction_id
     join payment.intents i on i.id = t.intent_id where i.reference = $1 and p.account = 'charged'`,
    [order.id],
  );
  expect(balance).toEqual({ charged: "0" });
});
