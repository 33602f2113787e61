import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import { CartStatus } from "@plinth/proto/order/v1/cart_pb";
import { CheckoutStatus, FulfillmentStatus, OrderStatus, PaymentStatus, ReturnStatus } from "@plinth/proto/order/v1/order_pb";
import { State } from "@plinth/proto/payment/v1/payment_pb";
import { Client } from "pg";
import { EMAIL, type Shop, startShop } from "./shop.ts";

let shop: Shop;

beforeAll(async () => {
  shop = await startShop();
}, 120_000);
afterAll(() => shop.stop());

const euros = (amount: bigint) => expect.objectContaining({ amount, currency: "EUR" });
const BY_HAND = { provider: "manual" };

/** What comes of `work` when it waits for a transaction that does `first`, and commits then. */
async function behind<T>(first: (other: Client) => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  const other = new Client({ connectionString: shop.harness.adminUrl });
  await other.connect();
  try {
    await other.query("begin");
    const { rows } = await other.query<{ pid: number }>("select pg_backend_pid() as pid");
    await first(other);
    const working = work();
    await eventually(
      () => shop.sql("select from pg_stat_activity where $1 = any (pg_blocking_pids(pid))", [rows[0]?.pid]),
      ({ length }) => length > 0,
    );
    await other.query("commit");
    return await working;
  } finally {
    await other.end();
  }
}

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

describe("a refused checkout leaves nothing behind, and its cart open", () => {
  /** Tries to buy, expects this refusal, and that the cart can be used again. */
  async function refused(cartId: string, request: object, refusal: object): Promise<void> {
    await expect(shop.orders().placeOrder({ cartId, payment: BY_HAND, ...request })).rejects.toMatchObject(refusal);
    expect(await shop.carts().getCart({ id: cartId })).toMatchObject({ status: CartStatus.OPEN, orderId: "" });
  }
  const conflict = (reason: string, metadata: object = {}) => ({ code: "CONFLICT", reason, metadata: expect.objectContaining(metadata) });

  test("out of stock: nothing of any line is reserved", async () => {
    const [plenty, scarce] = [await shop.stocked(10), await shop.stocked(1)];
    const { id } = await shop.cartWith([
      { sku: plenty, quantity: 1 },
      { sku: scarce, quantity: 2 },
    ]);
    await refused(id, {}, conflict("OUT_OF_STOCK", { sku: scarce, available: "1", requested: "2", step: "reserve stock" }));
    expect(await Promise.all([shop.available(plenty), shop.available(scarce)])).toEqual([10n, 1n]);
    // And goes through once there is enough.
    await shop.inventory().receive({ lines: [{ sku: scarce, quantity: 1n }] });
    expect(await shop.orders().placeOrder({ cartId: id, payment: BY_HAND })).toMatchObject({ status: CheckoutStatus.PLACED });
  });

  test("a price that changed: both totals are told", async () => {
    const sku = await shop.stocked(1, 1000n);
    const { id, totals } = await shop.cartWith([{ sku, quantity: 1 }]);
    await shop.setPrice(sku, 1200n);
    const expectedTotal = { amount: totals?.gross?.amount ?? 0n, currency: "EUR" };
    await refused(id, { expectedTotal }, conflict("PRICE_CHANGED", { expected_total: "1490", total: "1690", currency: "EUR" }));
    const mixed = { expectedTotal: { amount: 1690n, currency: "USD" } };
    await refused(id, mixed, conflict("PRICE_CHANGED", { expected_currency: "USD" }));
  });

  test("a SKU that is sold no more", async () => {
    const sku = await shop.stocked(1);
    const { id } = await shop.cartWith([{ sku, quantity: 1 }]);
    await shop.unprice(sku);
    expect(await shop.carts().getCart({ id })).toMatchObject({ missing: ["sellable"], items: [{ price: { sellable: false } }] });
    await refused(id, {}, conflict("SKU_NOT_SELLABLE", { sku, why: "no_price", step: "price" }));
  });

  test("a payment that is not possible, after the stock was reserved", async () => {
    const sku = await shop.stocked(1);
    const { id } = await shop.cartWith([{ sku, quantity: 1 }]);
    await refused(
      id,
      { payment: { provider: "nobody" } },
      { reason: "PROVIDER_NOT_SET_UP", metadata: expect.objectContaining({ step: "authorize payment" }) },
    );
    expect(await shop.available(sku)).toBe(1n);
  });

  test("a cart in which something is missing", async () => {
    const { id } = await shop.carts().createCart({ currency: "EUR" });
    await refused(id, {}, conflict("CART_INCOMPLETE", { missing: "lines,email,shipping_address,shipping_option" }));
  });

  test("the number of a card", async () => {
    const { id } = await shop.cartWith([{ sku: await shop.stocked(1), quantity: 1 }]);
    const payment = { provider: "stripe", methodToken: "4242424242424242" };
    await refused(id, { payment }, { code: "VALIDATION_ERROR", fieldErrors: { "payment.method_token": expect.stringContaining("card") } });
  });

  test("a cart that is not there, or somebody else's, or another tenant's", async () => {
    const ada = { user: { id: "user_ada" } };
    const { id } = await shop.cartWith([{ sku: await shop.stocked(1), quantity: 1 }], ada);
    for (const [cartId, caller] of [
      ["cart_unknown", {}],
      [id, {}],
      [id, { user: { id: "user_bob" } }],
      [id, { tenantId: "acme" }],
    ] as const) {
      const placing = shop.orders(caller).placeOrder({ cartId, payment: BY_HAND });
      await expect(placing).rejects.toMatchObject({ code: "NOT_FOUND", reason: "CART_NOT_FOUND" });
    }
    const { order } = await shop.orders(ada).placeOrder({ cartId: id, payment: BY_HAND });
    expect(order).toMatchObject({ userId: "user_ada", customerId: expect.stringMatching(/^cus_/) });
  });

  afterAll(async () => {
    for (const { orderId, traces } of await shop.leftBehind()) {
      expect({ orderId, ...traces }).toMatchObject({
        reservation: expect.stringMatching(/^(none|released)$/),
        payment: expect.stringMatching(/^(none|voided|failed)$/),
      });
    }
  });
});

describe("the same checkout again", () => {
  test("many at once make one order, with and without keys", async () => {
    const sku = await shop.stocked(10);
    const { id: cartId } = await shop.cartWith([{ sku, quantity: 3 }]);
    const place = (key?: string) =>
      shop.orders().placeOrder({ cartId, payment: BY_HAND }, key === undefined ? {} : { idempotencyKey: key });
    const answers = await Promise.all([place(), place("many-1"), place("many-1"), place("many-2"), place()]);
    expect(new Set(answers.map(({ orderId, status }) => `${orderId} ${status}`)).size).toBe(1);
    expect(await shop.available(sku)).toBe(7n);
    expect(await shop.sql("select 1 from orders.orders where id = $1", [answers[0]?.orderId])).toHaveLength(1);
  });

  test("another request for a cart that became an order is refused, and names the order", async () => {
    const { id: cartId } = await shop.cartWith([{ sku: await shop.stocked(1), quantity: 1 }]);
    const { orderId } = await shop.orders().placeOrder({ cartId, payment: BY_HAND });
    const other = shop.orders().placeOrder({ cartId, payment: { provider: "stripe", methodToken: "pm_card_visa" } });
    const metadata = expect.objectContaining({ state: "ordered", order_id: orderId });
    await expect(other).rejects.toMatchObject({ code: "CONFLICT", reason: "CART_STATUS", metadata });
    await expect(shop.carts().setEmail({ cartId, email: "eve@example.com" })).rejects.toMatchObject({ reason: "CART_STATUS" });
  });

  test("what went wrong on our side is not kept: the same key makes another attempt", async () => {
    const { id: cartId } = await shop.cartWith([{ sku: await shop.stocked(1), quantity: 1 }]);
    const place = () => shop.orders().placeOrder({ cartId, payment: BY_HAND }, { idempotencyKey: "in-bad-times" });
    // Of what was asked before, pricing knows the price by heart.
    await shop.sql("update orders.cart_items set sku = $2 where cart_id = $1", [cartId, await shop.stocked(1)]);
    await shop.sql("alter table pricing.prices rename to prices_gone");
    try {
      await expect(place()).rejects.toMatchObject({ code: expect.stringMatching(/INTERNAL_ERROR|SERVICE_UNAVAILABLE|DEPENDENCY_FAILED/) });
    } finally {
      await shop.sql("alter table pricing.prices_gone rename to prices");
    }
    const placed = await place();
    expect(placed).toMatchObject({ status: CheckoutStatus.PLACED });
    expect((await place()).orderId).toBe(placed.orderId);
  });

  test("its key is for what was asked first, also where the cart has become an order since", async () => {
    const { id: cartId } = await shop.cartWith([{ sku: await shop.stocked(1), quantity: 1 }]);
    const place = (payment: object) => shop.orders().placeOrder({ cartId, payment }, { idempotencyKey: "asked-first" });
    await place(BY_HAND);
    const other = place({ provider: "stripe", methodToken: "pm_card_visa" });
    await expect(other).rejects.toMatchObject({ code: "VALIDATION_ERROR", reason: "IDEMPOTENCY_CONFLICT" });
  });

  test("who checks out while the cart is changed buys what it holds then", async () => {
    const [sku, added] = [await shop.stocked(2), await shop.stocked(2)];
    const { id } = await shop.cartWith([{ sku, quantity: 1 }]);
    const line =
      "insert into orders.cart_items select cart_id, tenant_id, 'item_added', $2, '', 1, now() from orders.cart_items where cart_id = $1";
    const placed = await behind(
      async (other) => {
        await other.query("update orders.carts set line_count = 2, version = version + 1 where id = $1", [id]);
        await other.query(line, [id, added]);
      },
      () => shop.orders().placeOrder({ cartId: id, payment: BY_HAND }),
    );
    expect(placed.order?.lines.map((each) => each.sku)).toEqual([sku, added]);
  });

  test.each([
    ["checked out", (cartId: string) => shop.orders().placeOrder({ cartId, payment: BY_HAND }), { status: CheckoutStatus.PLACED }],
    ["changed", (id: string) => shop.carts().setEmail({ cartId: id, email: "eve@example.com" }), { email: "eve@example.com" }],
  ])("a cart that a refused checkout gives back in this moment can be %s", async (_, use, answer) => {
    const { id } = await shop.cartWith([{ sku: await shop.stocked(1), quantity: 1 }]);
    await shop.sql("update orders.carts set status = 'ordering' where id = $1", [id]);
    const used = await behind(
      (other) => other.query("update orders.carts set status = 'open' where id = $1", [id]),
      (): Promise<object> => use(id),
    );
    expect(used).toMatchObject(answer);
  });

  test.each([
    ["a user", { user: { id: "user_key" } }],
    ["a guest", {}],
  ])("a key of %s answers its first checkout, also a refused one", async (_, caller) => {
    const scarce = await shop.stocked(1);
    const { id: cartId } = await shop.cartWith([{ sku: scarce, quantity: 2 }], caller);
    const place = () => shop.orders(caller).placeOrder({ cartId, payment: BY_HAND }, { idempotencyKey: "key-of-one" });
    const refusal = (await place().catch((error: unknown) => error)) as { reason: string; metadata: object };
    expect(refusal.reason).toBe("OUT_OF_STOCK");
    await shop.inventory().receive({ lines: [{ sku: scarce, quantity: 1n }] });
    await expect(place()).rejects.toMatchObject({ reason: "OUT_OF_STOCK", metadata: refusal.metadata });
  });

  test("a key of a user refuses another cart; guests do not meet by their keys", async () => {
    const ada = { user: { id: "user_two_carts" } };
    const place = async (caller: typeof ada | object) => {
      const { id: cartId } = await shop.cartWith([{ sku: await shop.stocked(1), quantity: 1 }], caller);
      const placing = shop.orders(caller).placeOrder({ cartId, payment: BY_HAND }, { idempotencyKey: "key-of-many" });
      return placing.catch(async (error: unknown) => {
        expect(await shop.carts(caller).getCart({ id: cartId })).toMatchObject({ status: CartStatus.OPEN });
        throw error;
      });
    };
    await place(ada);
    await expect(place(ada)).rejects.toMatchObject({ code: "VALIDATION_ERROR", reason: "IDEMPOTENCY_CONFLICT" });
    const [first, second] = await Promise.all([place({}), place({})]);
    expect([first.status, second.status]).toEqual([CheckoutStatus.PLACED, CheckoutStatus.PLACED]);
    expect(first.orderId).not.toBe(second.orderId);
  });

  test("two guests who send the same key with their carts get their own answers, also when they ask for a cart", async () => {
    const key = { idempotencyKey: "1" };
    const sku = await shop.stocked(5);
    const [ann, bob] = [await shop.carts().createCart({ currency: "EUR" }, key), await shop.carts().createCart({ currency: "EUR" }, key)];
    expect(ann.id).not.toBe(bob.id);
    const add = (cartId: string, quantity: bigint) => shop.carts().addItem({ cartId, sku, quantity }, key);
    await add(ann.id, 1n);
    await add(bob.id, 2n);
    await add(ann.id, 1n);
    expect(await shop.carts().getCart({ id: ann.id })).toMatchObject({ items: [{ quantity: 1n }] });
    expect(await shop.carts().getCart({ id: bob.id })).toMatchObject({ items: [{ quantity: 2n }] });
    await expect(add(ann.id, 3n)).rejects.toMatchObject({ reason: "IDEMPOTENCY_CONFLICT" });
  });
});

test("what a guest bought is seen by whoever knows its id and email; others are told it is not there", async () => {
  const order = await shop.buy(await shop.stocked(1));
  expect(await shop.orders().getOrder({ id: order.id, email: EMAIL.toUpperCase() })).toMatchObject({ number: order.number });
  const notThere = { code: "NOT_FOUND", reason: "ORDER_NOT_FOUND" };
  await expect(shop.orders().getOrder({ id: order.id })).rejects.toMatchObject(notThere);
  await expect(shop.orders().getOrder({ id: order.id, email: "eve@example.com" })).rejects.toMatchObject(notThere);
  await expect(shop.orders({ user: { id: "user_eve" } }).getOrder({ id: order.id })).rejects.toMatchObject(notThere);
  await expect(shop.orders({ tenantId: "acme" }).getOrder({ id: order.id, email: EMAIL })).rejects.toMatchObject(notThere);
  await expect(shop.orders().getCheckout({ orderId: order.id })).rejects.toMatchObject(notThere);
  expect(await shop.orders().getCheckout({ orderId: order.id, email: EMAIL })).toMatchObject({ status: CheckoutStatus.PLACED });
});

test("orders are listed page by page: one's own, and with the permission everybody's, filtered and sorted", async () => {
  const buyer = { user: { id: "user_lister" } };
  const ids: string[] = [];
  for (let made = 0; made < 3; made++) {
    const { id: cartId } = await shop.cartWith([{ sku: await shop.stocked(1), quantity: 1 }], buyer);
    ids.push((await shop.orders(buyer).placeOrder({ cartId, payment: BY_HAND })).orderId);
  }
  await shop.orders(buyer).cancelOrder({ id: ids[0] as string });
  const first = await shop.orders(buyer).listOrders({ pageSize: 2 });
  expect(first.orders.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
  const rest = await shop.orders(buyer).listOrders({ pageSize: 2, pageToken: first.nextPageToken });
  expect(rest).toMatchObject({ orders: [{ id: ids[0] }], nextPageToken: "" });
  const canceled = await shop.orders(buyer).listOrders({ status: OrderStatus.CANCELED });
  expect(canceled.orders.map(({ id }) => id)).toEqual([ids[0]]);
  await expect(shop.orders(buyer).listOrders({ all: true })).rejects.toMatchObject({
    code: "FORBIDDEN",
    metadata: { permission: "order.order.read" },
  });
  await expect(shop.orders().listOrders({})).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  const customerId = first.orders[0]?.customerId ?? "";
  expect((await shop.staff().listOrders({ all: true, customerId })).orders).toHaveLength(3);
});

test("by REST an order is 201, and a refusal 409 with its reason", async () => {
  const sku = await shop.stocked(1);
  const headers = { "x-service-token": await shop.harness.serviceToken("gateway", "order"), "content-type": "application/json" };
  const place = async (cartId: string) => {
    const body = JSON.stringify({ cart_id: cartId, payment: BY_HAND });
    const response = await fetch(`${shop.harness.httpUrl("order")}/api/v1/orders`, { method: "POST", headers, body });
    return { status: response.status, body: (await response.json()) as { data?: { order_id: string; order: object }; error?: object } };
  };
  const [first, second] = [await shop.cartWith([{ sku, quantity: 1 }]), await shop.cartWith([{ sku, quantity: 1 }])];
  const placed = await place(first.id);
  expect(placed).toMatchObject({ status: 201, body: { data: { status: "CHECKOUT_STATUS_PLACED", order: { total: { amount: "1490" } } } } });
  expect(await place(second.id)).toMatchObject({ status: 409, body: { error: { details: { reason: "OUT_OF_STOCK" } } } });
});
