import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { idAtTime } from "@plinth/kernel/base";
import { type OpenDatabase, openDatabase } from "@plinth/kernel/database";
import { silentLogger } from "@plinth/kernel/logging";
import { eventually } from "@plinth/kernel/testing";
import { CheckoutStatus, OrderStatus, PaymentStatus } from "@plinth/proto/order/v1/order_pb";
import { PostgresCheckoutStore } from "../src/store/checkout-store.ts";
import { EMAIL, type Shop, startShop } from "./shop.ts";

let shop: Shop;
let database: OpenDatabase;

beforeAll(async () => {
  shop = await startShop({ env: { ORDER_HOUSEKEEPING_EVERY: "100ms" } });
  database = await openDatabase({ url: shop.harness.databaseUrl("order"), schema: "orders", entities: [], logger: silentLogger });
}, 120_000);
afterAll(async () => {
  await database.close();
  await shop.stop();
});

const sagasOf = (orderId: string) => shop.sql<{ name: string }>("select name from orders.sagas where key = $1", [orderId]);

test("an order whose processes were removed answers from its own history, and can be canceled", async () => {
  const { id } = await shop.buy(await shop.stocked(1));
  const recent = await shop.buy(await shop.stocked(1));
  await shop.payments().capture({ reference: id });
  await eventually(
    () => shop.staff().getOrder({ id }),
    ({ paymentStatus }) => paymentStatus === PaymentStatus.PAID,
  );
  // As if it had been placed last month.
  await shop.sql(
    `with aged as (update orders.sagas set id = $2, finished_at = finished_at - interval '31 days' where key = $1 returning id)
     update orders.saga_entries set saga_id = $2 where saga_id = (select id from orders.sagas where key = $1)`,
    [id, idAtTime("saga", 1)],
  );
  await eventually(
    () => sagasOf(id),
    ({ length }) => length === 0,
  );
  expect(await sagasOf(recent.id)).toEqual([{ name: "checkout" }]);

  const timeline = await shop.staff().getOrderTimeline({ id });
  expect(timeline.processes).toEqual([]);
  expect(timeline.history.map(({ what }) => what)).toEqual(["placed", "authorized", "captured", "paid"]);
  expect(timeline.payment.map(({ what }) => what)).toEqual(["asked", "authorized", "captured"]);
  for (const ask of ["getCheckout", "confirmCheckout"] as const) {
    const checkout = await shop.orders()[ask]({ orderId: id, email: EMAIL });
    expect(checkout).toMatchObject({ orderId: id, status: CheckoutStatus.PLACED, order: { id } });
  }
  await shop.staff().cancelOrder({ id, reason: "lost" });
  const canceled = await eventually(
    () => shop.staff().getOrder({ id }),
    ({ refunds }) => refunds.length === 1,
  );
  expect(canceled).toMatchObject({ status: OrderStatus.CANCELED, refunds: [{ amount: { amount: 1490n } }] });
});

test("keys are forgotten after a day, the kernel's and those of checkouts", async () => {
  const caller = { user: { id: "user_keys" } };
  const place = async (idempotencyKey: string) => {
    const { id: cartId } = await shop.cartWith([{ sku: await shop.stocked(1), quantity: 1 }], caller);
    await shop.carts(caller).setEmail({ cartId, email: EMAIL }, { idempotencyKey });
    return shop.orders(caller).placeOrder({ cartId, payment: { provider: "manual" } }, { idempotencyKey });
  };
  const { orderId } = await place("of-the-day-before");
  const today = await place("of-today");
  const keys = () => shop.sql<{ key: string }>("select key from orders.idempotency_keys order by key");
  expect(await keys()).toEqual([{ key: "of-the-day-before" }, { key: "of-today" }]);
  await shop.sql("update orders.idempotency_keys set expires_at = now() where key = 'of-the-day-before'");
  await eventually(keys, ({ length }) => length === 1);

  await shop.sql("update orders.checkouts set created_at = now() - interval '25 hours' where order_id = $1", [orderId]);
  const attempts = new PostgresCheckoutStore(database);
  expect(await attempts.forgetKeys()).toBe(1);
  expect(await attempts.forgetKeys()).toBe(0);
  expect((await place("of-the-day-before")).orderId).not.toBe(orderId);
  await expect(place("of-today")).rejects.toMatchObject({ reason: "IDEMPOTENCY_CONFLICT" });
  expect(today.status).toBe(CheckoutStatus.PLACED);
});
