import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { CartStatus } from "@plinth/proto/order/v1/cart_pb";
import { CheckoutStatus, FulfillmentStatus, OrderStatus, PaymentStatus, ReturnStatus } from "@plinth/proto/order/v1/order_pb";
import { State } from "@plinth/proto/payment/v1/payment_pb";
import { EMAIL, eventually, type Shop, startShop } from "./shop.ts";

let shop: Shop;

beforeAll(async () => {
  shop = await startShop();
}, 120_000);
afterAll(() => shop.stop());

const euros = (amount: bigint) => expect.objectContaining({ amount, currency: "EUR" });
const BY_HAND = { provider: "manual" };

describe("a cart that is checked out", () => {
  test("becomes an order: priced, its stock taken out, its payment authorized, its events told", async () => {
    const sku = await shop.stocked(10, 1190n);
    const cart = await shop.cartWith([{ sku, quantity: 2 }]);
    expect(cart).toMatchObject({
      missing: [],
      totals: { subtotal: euros(2380n), shipping: euros(490n), gross: euros(2870n), tax: euros(458n) },
    });
    const checkout = await shop
      .orders()
      .placeOrder({ cartId: cart.id, payment: BY_HAND, expectedTotal: { amount: 2870n, currency: "EUR" } });
    expect(checkout).toMatchObject({
      status: CheckoutStatus.PLACED,
      order: {
        number: expect.stringMatching(/^[0-9A-Z]{5}-[0-9A-Z]{5}$/),
        email: EMAIL,
        status: OrderStatus.OPEN,
        paymentStatus: PaymentStatus.AUTHORIZED,
        fulfillmentStatus: FulfillmentStatus.UNFULFILLED,
        returnStatus: ReturnStatus.NONE,
        total: euros(2870n),
        lines: [{ sku, quantity: 2n, warehouseId: shop.warehouseId, gross: euros(2380n), net: euros(2000n), tax: euros(380n) }],
      },
    });
    expect(await shop.available(sku)).toBe(8n);
    expect(await shop.traces(checkout.orderId)).toEqual({ reservation: "committed", payment: "authorized" });
    expect(await shop.carts().getCart({ id: cart.id })).toMatchObject({ status: CartStatus.ORDERED, orderId: checkout.orderId });
    const timeline = await shop.staff().getOrderTimeline({ id: checkout.orderId });
    expect(timeline.processes[0]?.steps.map(({ step, outcome }) => `${step}: ${outcome}`)).toEqual([
      "price: done",
      "reserve stock: done",
      "authorize payment: done",
      "place order: done",
      "capture payment: skipped",
      "commit stock: done",
    ]);
    expect(timeline.history.map(({ what }) => what)).toEqual(["placed", "authorized"]);
    expect(timeline.payment.map(({ what }) => what)).toEqual(["asked", "authorized"]);
  });

  test("is paid when the money has come", async () => {
    const order = await shop.buy(await shop.stocked(1));
    await shop.payments().capture({ reference: order.id });
    const paid = await eventually(
      () => shop.staff().getOrder({ id: order.id }),
      ({ paymentStatus }) => paymentStatus === PaymentStatus.PAID,
    );
    expect(paid).toMatchObject({ captured: euros(1490n), status: OrderStatus.OPEN });
    expect(await shop.payments().getIntent({ reference: order.id })).toMatchObject({ state: State.CAPTURED });
  });
});
