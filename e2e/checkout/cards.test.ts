import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import { CartStatus } from "@plinth/proto/order/v1/cart_pb";
import { type Checkout, CheckoutStatus, PaymentStatus } from "@plinth/proto/order/v1/order_pb";
import { EMAIL } from "../../services/order/test/shop.ts";
import { type CardShop, startCardShop } from "./shop.ts";

let shop: CardShop;

beforeAll(async () => {
  shop = await startCardShop({ env: { ORDER_CHECKOUT_CUSTOMERTIME: "3s" } });
}, 120_000);
afterAll(() => shop.stop());

const card = (methodToken: string) => ({ provider: "stripe", methodToken, returnUrl: "https://shop.example/back" });
const VISA = card("pm_card_visa");
const SECURE = card("pm_card_threeDSecure2Required");

/** A cart of one thing, checked out. */
async function checkOut(payment: object): Promise<{ cartId: string; sku: string; checkout: Promise<Checkout> }> {
  const sku = await shop.stocked(1);
  const { id: cartId } = await shop.cartWith([{ sku, quantity: 1 }]);
  return { cartId, sku, checkout: shop.orders().placeOrder({ cartId, payment: payment as typeof VISA }) };
}

const checkoutOf = (orderId: string) => shop.orders().getCheckout({ orderId, email: EMAIL });

/** The customer at the bank. */
async function atTheBank(nextActionUrl: string, outcome: "success" | "failure"): Promise<void> {
  const [id] = /pi_[A-Za-z0-9]+/.exec(nextActionUrl) ?? [];
  await shop.stripe.control("POST", `3ds/${id}`, { outcome });
}

async function expectNothingLeft(cartId: string, sku: string, orderId: string): Promise<void> {
  await eventually(
    () => checkoutOf(orderId),
    ({ status }) => status === CheckoutStatus.REFUSED,
  );
  await eventually(
    () => shop.carts().getCart({ id: cartId }),
    ({ status }) => status === CartStatus.OPEN,
  );
  const { reservation, payment } = await shop.traces(orderId);
  expect(reservation).toBe("released");
  expect(payment).toMatch(/^(voided|failed)$/);
  expect(await shop.available(sku)).toBe(1n);
}

test("a card is charged once the order is placed", async () => {
  const before = await shop.stripe.sums();
  const { checkout } = await checkOut(VISA);
  const { orderId, order } = await checkout;
  const paid = await eventually(
    () => shop.staff().getOrder({ id: orderId }),
    ({ paymentStatus }) => paymentStatus === PaymentStatus.PAID,
  );
  expect(paid.captured?.amount).toBe(order?.total?.amount);
  expect(await shop.stripe.sums()).toMatchObject({ payment_intents: before.payment_intents + 1, captured: before.captured + 1490 });
});

test("a declined card is refused with the bank's word, and leaves nothing behind", async () => {
  const { cartId, sku, checkout } = await checkOut(card("pm_card_chargeDeclinedInsufficientFunds"));
  const refusal = (await checkout.catch((error: unknown) => error)) as { reason: string; metadata: Record<string, string> };
  expect(refusal).toMatchObject({
    reason: "PAYMENT_DECLINED",
    metadata: { decline_code: "insufficient_funds", step: "authorize payment" },
  });
  await expectNothingLeft(cartId, sku, refusal.metadata.order_id ?? "");
  // Another card buys it.
  expect(await shop.orders().placeOrder({ cartId, payment: VISA })).toMatchObject({ status: CheckoutStatus.PLACED });
});

describe("a payment that needs its customer", () => {
  test("is answered at once with where to go, and goes on by the bank's word alone", async () => {
    const { checkout } = await checkOut(SECURE);
    const waiting = await checkout;
    expect(waiting).toMatchObject({ status: CheckoutStatus.REQUIRES_ACTION, nextActionUrl: expect.stringContaining("pi_") });
    expect(waiting.actBefore).toBeDefined();
    await expect(shop.orders().getOrder({ id: waiting.orderId, email: EMAIL })).rejects.toMatchObject({ reason: "ORDER_NOT_FOUND" });
    await atTheBank(waiting.nextActionUrl, "success");
    const placed = await eventually(
      () => checkoutOf(waiting.orderId),
      ({ status }) => status === CheckoutStatus.PLACED,
    );
    expect(placed.order?.id).toBe(waiting.orderId);
    const { processes } = await shop.staff().getOrderTimeline({ id: waiting.orderId });
    const steps = processes[0]?.steps.filter(({ step }) => step === "authorize payment") ?? [];
    expect(steps.map(({ outcome }) => outcome)).toEqual(["waiting", "done"]);
  });

  test("goes on when the customer comes back and says so; the same request again meanwhile is the same checkout", async () => {
    const { cartId, checkout } = await checkOut(SECURE);
    const { orderId, nextActionUrl } = await checkout;
    expect(await shop.orders().placeOrder({ cartId, payment: SECURE })).toMatchObject({ orderId, status: CheckoutStatus.REQUIRES_ACTION });
    expect(await shop.orders().confirmCheckout({ orderId, email: EMAIL })).toMatchObject({ status: CheckoutStatus.REQUIRES_ACTION });
    await expect(shop.orders().confirmCheckout({ orderId, email: "eve@example.com" })).rejects.toMatchObject({ reason: "ORDER_NOT_FOUND" });
    await atTheBank(nextActionUrl, "success");
    expect(await shop.orders().confirmCheckout({ orderId, email: EMAIL })).toMatchObject({
      status: CheckoutStatus.PLACED,
      order: { id: orderId },
    });
  });

  test("turns back when the bank says no", async () => {
    const { cartId, sku, checkout } = await checkOut(SECURE);
    const { orderId, nextActionUrl } = await checkout;
    await atTheBank(nextActionUrl, "failure");
    await expectNothingLeft(cartId, sku, orderId);
    expect(await checkoutOf(orderId)).toMatchObject({ refusal: { step: "authorize payment", reason: "PAYMENT_DECLINED" } });
  });

  test("turns back when the customer does not come in time", async () => {
    const { cartId, sku, checkout } = await checkOut(SECURE);
    const { orderId } = await checkout;
    await expectNothingLeft(cartId, sku, orderId);
    expect(await checkoutOf(orderId)).toMatchObject({ refusal: { reason: "WAITED_TOO_LONG" } });
  });
});

test.each(["drop-after", "hang-after", "error-after"])("a charge whose answer is lost (%s) is made once", async (kind) => {
  const before = await shop.stripe.sums();
  const times = kind === "drop-after" ? 2 : 1;
  await shop.stripe.fault(kind, "payment_intents$", times);
  await shop.stripe.fault(kind, "capture$", times);
  const { checkout } = await checkOut(VISA);
  const { orderId } = await checkout;
  await eventually(
    () => shop.staff().getOrder({ id: orderId }),
    ({ paymentStatus }) => paymentStatus === PaymentStatus.PAID,
  );
  expect(await shop.stripe.sums()).toMatchObject({
    payment_intents: before.payment_intents + 1,
    captured: before.captured + 1490,
    held: before.held,
  });
});

test("a refund of a card ends at zero there, too", async () => {
  const { checkout } = await checkOut(VISA);
  const { orderId } = await checkout;
  await eventually(
    () => shop.staff().getOrder({ id: orderId }),
    ({ paymentStatus }) => paymentStatus === PaymentStatus.PAID,
  );
  const before = await shop.stripe.sums();
  await shop.staff().refundOrder({ id: orderId, amount: { amount: 333n, currency: "EUR" } });
  await shop.staff().refundOrder({ id: orderId });
  expect(await shop.stripe.sums()).toMatchObject({ refunds: before.refunds + 2, refunded: before.refunded + 1490 });
});
