import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import { CartStatus } from "@plinth/proto/order/v1/cart_pb";
import { CheckoutStatus } from "@plinth/proto/order/v1/order_pb";
import { EMAIL } from "./shop.ts";
import { STRIPE_KEY, type StripeShop, startStripeShop } from "./stripe-shop.ts";

let shop: StripeShop;

beforeAll(async () => {
  shop = await startStripeShop({
    env: {
      ORDER_CHECKOUT_CUSTOMERTIME: "3s",
      ORDER_CHECKOUT_ANSWERWITHIN: "2s",
      PAYMENT_STRIPE_TIMEOUT: "1s",
      PAYMENT_RECOVERY_EVERY: "200ms",
    },
  });
}, 120_000);
afterAll(() => shop.stop());

const THREE_D_SECURE = "pm_card_threeDSecure2Required";

/** A checkout, and what its buyer was told. */
async function checkOut(methodToken: string) {
  const sku = await shop.stocked(1);
  const { id: cartId } = await shop.cartWith([{ sku, quantity: 1 }]);
  const payment = { provider: "stripe", methodToken, returnUrl: "https://shop.example/back" };
  const told = await shop
    .orders()
    .placeOrder({ cartId, payment })
    .then(
      ({ orderId, status }) => ({ orderId, outcome: CheckoutStatus[status] }),
      ({ reason, metadata }) => ({ orderId: metadata.order_id as string, outcome: reason as string }),
    );
  return { sku, cartId, ...told };
}

/** Nothing is left of a checkout, and nobody can go on with its payment at Stripe. */
async function expectNothingLeft(
  { orderId, cartId, sku }: { orderId: string; cartId: string; sku: string },
  reason: unknown,
): Promise<void> {
  const checkout = await eventually(
    () => shop.orders().getCheckout({ orderId, email: EMAIL }),
    ({ status }) => status === CheckoutStatus.REFUSED,
  );
  expect(checkout.refusal).toMatchObject({ step: "authorize payment", reason });
  await eventually(
    () => shop.carts().getCart({ id: cartId }),
    ({ status }) => status === CartStatus.OPEN,
  );
  expect(await shop.traces(orderId)).toEqual({ reservation: "released", payment: "voided" });
  expect(await shop.available(sku)).toBe(1n);
  const stripeId = await shop.stripeId(orderId);
  expect(await shop.atStripe(stripeId)).toMatchObject({ status: "canceled", amount_capturable: 0, amount_received: 0 });
  const body = new URLSearchParams({ payment_method: "pm_card_visa" });
  const confirmed = await fetch(`${shop.stripe.url}/v1/payment_intents/${stripeId}/confirm`, { method: "POST", headers: STRIPE_KEY, body });
  expect(confirmed.status).toBe(400);
}

test("one that is declined at once is closed at Stripe", async () => {
  const checkout = await checkOut("pm_card_chargeDeclined");
  expect(checkout.outcome).toBe("PAYMENT_DECLINED");
  await expectNothingLeft(checkout, "PAYMENT_DECLINED");
  const { processes } = await shop.staff().getOrderTimeline({ id: checkout.orderId });
  expect(processes[0]?.steps.map(({ step, direction, outcome }) => `${direction} ${step}: ${outcome}`).slice(-3)).toEqual([
    "do authorize payment: refused",
    "undo authorize payment: done",
    "undo reserve stock: done",
  ]);
});

test("one that the customer's bank declines after 3-D Secure is closed at Stripe", async () => {
  const checkout = await checkOut(THREE_D_SECURE);
  expect(checkout.outcome).toBe("REQUIRES_ACTION");
  await shop.stripe.control("POST", `3ds/${await shop.stripeId(checkout.orderId)}`, { outcome: "failure" });
  await expectNothingLeft(checkout, "PAYMENT_DECLINED");
});

test("one that the customer leaves is closed at Stripe when its time is over", async () => {
  const checkout = await checkOut(THREE_D_SECURE);
  expect(checkout.outcome).toBe("REQUIRES_ACTION");
  await expectNothingLeft(checkout, "WAITED_TOO_LONG");
});

test("one that the customer makes when its time is over, before anybody has heard of it, is let go of", async () => {
  const checkout = await checkOut(THREE_D_SECURE);
  const stripeId = await shop.stripeId(checkout.orderId);
  // The answer to the cancellation waits until the customer was faster.
  const fault = await shop.stripe.fault("hang-before", `${stripeId}/cancel$`);
  await fault.hit();
  await shop.stripe.control("POST", `3ds/${stripeId}`, { outcome: "success" });
  await fault.release();
  await expectNothingLeft(checkout, "WAITED_TOO_LONG");
});

test("one of which Stripe does not say what became of it is closed there as soon as it does", async () => {
  const asking = await Promise.all([
    shop.stripe.fault("error-after", "payment_intents$", 1),
    shop.stripe.fault("error-before", "payment_intents", 1_000_000, "POST"),
    shop.stripe.fault("error-before", "payment_intents", 1_000_000, "GET"),
  ]);
  const { outcome, ...checkout } = await checkOut("pm_card_visa");
  expect(outcome).toBe("PENDING");
  const waits = "step = 'authorize payment' and owner is null and attempt > 0";
  await eventually(
    () => shop.sql(`select from orders.sagas where ${waits}`),
    ({ length }) => length === 1,
  );
  // The next try is the last one: time does not pass for tests.
  await shop.sql(`update orders.sagas set attempt = 7, wake_at = now() where ${waits}`);
  const [saga] = await eventually(
    () => shop.sql<{ key: string }>("select key from orders.sagas where status = 'turning-back' and step = 'authorize payment'"),
    ({ length }) => length === 1,
  );
  for (const fault of asking) await fault.release();
  expect(checkout.orderId).toBe(saga?.key);
  // Or nobody asked any more.
  await expectNothingLeft(checkout, expect.stringMatching(/^(PAYMENT_UNCERTAIN|CIRCUIT_OPEN|TIMEOUT)$/));
}, 120_000);
