import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { newId } from "@plinth/kernel/base";
import type { OpenDatabase } from "@plinth/kernel/database";
import { createAuditor, createPublisher } from "@plinth/kernel/events";
import { type CountedDatabase, eventually, openCountedDatabase } from "@plinth/kernel/testing";
import type { FullCart } from "../src/domain/cart.ts";
import { onCart } from "../src/domain/on-cart.ts";
import type { Order } from "../src/domain/order.ts";
import { recordPayment, recordShipment } from "../src/domain/order-facts.ts";
import { placeOrder } from "../src/domain/place-order.ts";
import { PostgresCartStore } from "../src/store/cart-store.ts";
import { PostgresCheckoutStore } from "../src/store/checkout-store.ts";
import { OrderEvents } from "../src/store/order-events.ts";
import { PostgresOrderStore } from "../src/store/order-store.ts";
import { EMAIL, type Shop, startShop } from "./shop.ts";

let shop: Shop;
let database: OpenDatabase;
let carts: PostgresCartStore;
let attempts: PostgresCheckoutStore;
let orders: PostgresOrderStore;
let counted: CountedDatabase["counted"];

beforeAll(async () => {
  shop = await startShop();
  ({ database, counted } = await openCountedDatabase({ url: shop.harness.databaseUrl("order"), schema: "orders" }));
  carts = new PostgresCartStore(database, () => ({ limits: { lines: 1000, quantity: 100 }, lifeMs: 60_000 }));
  attempts = new PostgresCheckoutStore(database);
  const types = new Set(["order.created", "order.paid", "platform.audit.recorded"]);
  const publisher = createPublisher({ module: "order", types });
  const outlets = { publish: publisher.publish, prepareEvents: publisher.prepare, audit: createAuditor("order", publisher) };
  orders = new PostgresOrderStore(database, new OrderEvents(outlets, () => false));
}, 120_000);
afterAll(async () => {
  await database.close();
  await shop.stop();
});

/** A checkout has nothing in the way of its step. */
const note = { with: () => "moved as (select 'saga_1' as id)", values: [] };

/** Backends that wait for a lock. */
async function waiters(): Promise<number> {
  const sql = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  return (await shop.sql(sql)).length;
}

/** A cart of so many lines, put in as nobody would: at once. */
async function cartOf(lines: number): Promise<string> {
  const { id } = await shop.carts().createCart({ currency: "EUR", email: EMAIL });
  await shop.sql(
    `insert into orders.cart_items select $1, 'default', 'item_' || n, 'N-' || n, '', 1, now() from generate_series(1, $2::int) n`,
    [id, lines],
  );
  await shop.sql("update orders.carts set line_count = $2 where id = $1", [id, lines]);
  return id;
}

/** Cart, claim and place, with so many lines. */
async function costs(lines: number): Promise<Record<string, number>> {
  const id = await cartOf(lines);
  const orderId = `ord_of_${lines}`;
  const item = { id: `item_new_${lines}`, sku: "NEW", warehouseId: "", quantity: 1n };
  let cart: FullCart | undefined;
  const add = await counted(() => carts.addItem(id, undefined, item));
  const update = await counted(() => carts.updateItem(id, undefined, item.id, 2n));
  const get = await counted(() => carts.getCart(id, undefined));
  const claim = await counted(() =>
    database.transaction(async (tx) => {
      cart = await attempts.claim(tx, { orderId, cartId: id, userId: "", key: undefined, fingerprint: "" });
    }),
  );
  const draftLines = (cart?.items ?? []).map(({ sku }, index) => ({
    ...{ id: `oln_${index}`, sku, productId: "", name: sku, quantity: 1, warehouseId: "wh_1", weightGrams: 0 },
    ...{ unitPrice: "1", subtotal: "1", net: "1", tax: "0", gross: "1", taxRate: { name: "", rate: "0", taxClass: "" } },
  }));
  const address = {
    name: "Ada",
    company: "",
    line1: "Way 1",
    line2: "",
    city: "Berlin",
    region: "",
    postalCode: "",
    country: "DE",
    phone: "",
  };
  const draft = {
    ...{ orderId, cartId: id, customerId: "", userId: "", email: EMAIL, locale: "", currency: "EUR", lines: draftLines, taxes: [] },
    ...{
      subtotal: String(lines),
      shipping: "0",
      shippingTax: "0",
      tax: "0",
      total: String(lines),
      taxInclusive: true,
      shippingAddress: address,
    },
    shippingOption: { code: "standard", name: "", price: "0", carrier: "", minDays: 0, maxDays: 0 },
  };
  const made = { tenantId: "default", number: `N-${lines}`, now: new Date() };
  const place = await counted(() =>
    database.statement((tx) => orders.place(tx, note, id, placeOrder(draft, { provider: "manual", authorized: 0n }, made))),
  );
  const captured = { kind: "captured", captured: BigInt(lines) } as const;
  const change = await counted(() => orders.change(orderId, (order) => recordPayment(order, captured, new Date())));
  const read = await counted(() => orders.findOrder(orderId));
  return { add, update, get, claim, place, change, read };
}

test("a cart of 1,000 lines costs as many statements as one of a line, and so does its order", async () => {
  // A connection that is new is told the tenant first.
  await costs(2);
  const one = await costs(1);
  expect(await costs(900)).toEqual(one);
  // Claim writes more in its transaction: begin, the statement, commit. A change reads the order first, and its events are written last.
  expect(one).toEqual({ add: 1, update: 1, get: 1, claim: 3, place: 1, change: 5, read: 1 });
});

test("whoever waits for an order decides on all that the one before has left of it", async () => {
  await costs(3);
  const about = {
    status: "shipped",
    items: [],
    carrier: "",
    trackingNumber: "",
    trackingUrl: "",
    reason: "",
    updatedAt: new Date(),
  } as const;
  const ship = (id: string) => (order: Order) => recordShipment(order, { ...about, id }, new Date());
  const second = await database.transaction(async (tx) => {
    await orders.changeIn(tx, "ord_of_3", ship("shp_1"));
    const waiting = orders.change("ord_of_3", ship("shp_2"));
    await eventually(async () => (await waiters()) > 0);
    return { waiting };
  });
  const { order } = await second.waiting;
  expect(order.shipments.map(({ id }) => id)).toEqual(["shp_1", "shp_2"]);
});

test("a cart that was seen is added to by one statement; one that others have changed since is read first", async () => {
  const sku = await shop.stocked(9);
  const { id: cartId } = await shop.carts().createCart({ currency: "EUR" });
  const user = { tenantId: "default", id: cartId, userId: undefined };
  const add = (on: PostgresCartStore) =>
    onCart(on, user, async ({ items }, seen) => {
      const { item } = await on.addItem(cartId, undefined, { id: newId("item"), sku, warehouseId: "", quantity: 1n }, seen);
      return { before: items[0]?.quantity ?? 0n, after: item?.quantity };
    });
  const others = new PostgresCartStore(database, () => ({ limits: { lines: 1000, quantity: 100 }, lifeMs: 60_000 }));
  expect(await counted(() => add(carts))).toBe(2);
  expect(await counted(() => add(carts))).toBe(1);
  expect(await add(others)).toEqual({ before: 2n, after: 3n });
  expect(await add(carts)).toEqual({ before: 3n, after: 4n });
  expect(await counted(() => add(carts))).toBe(1);
  expect(await counted(() => add(others))).toBe(3);
});

test("a cart that was seen is taken by the statement that begins its checkout, in that version and no other, and once for a key", async () => {
  const start = { insert: (_first: number, from: string) => `select 'saga_1' as id from ${from}`, values: [] };
  const claim = (cartId: string, version: number, key: string) => {
    const attempt = { orderId: `ord_${cartId}_${version}`, cartId, userId: "", key, fingerprint: "" };
    return database.statement((tx) => attempts.claimSeen(tx, attempt, version, start));
  };
  const [first, second] = [await cartOf(1), await cartOf(1)];
  expect(await claim(first, 2, "key-1")).toBeUndefined();
  expect(await counted(() => claim(first, 1, "key-1"))).toBe(1);
  expect(await claim(second, 1, "key-1")).toBeUndefined();
  const taken = await shop.sql("select status, order_id, version from orders.carts where id = any ($1) order by id = $2", [
    [first, second],
    second,
  ]);
  expect(taken).toEqual([
    { status: "ordering", order_id: `ord_${first}_1`, version: 2 },
    { status: "open", order_id: "", version: 1 },
  ]);
  expect(await shop.sql("select cart_id from orders.checkouts where cart_id = any ($1)", [[first, second]])).toEqual([{ cart_id: first }]);
});
