import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { CartStatus } from "@plinth/proto/order/v1/cart_pb";
import { ADA, customersOf, EMAIL, type Shop, startShop } from "./shop.ts";

let shop: Shop;

beforeAll(async () => {
  shop = await startShop({ env: { ORDER_CARTS_LINES: "3", ORDER_CARTS_QUANTITY: "100" } });
}, 120_000);
afterAll(() => shop.stop());

const EVE = { user: { id: "user_eve", email: "eve@example.com" } };
const euros = (amount: bigint) => expect.objectContaining({ amount, currency: "EUR" });
const empty = async (caller = {}) => (await shop.carts(caller).createCart({ currency: "EUR" })).id;

describe("the lines of a cart", () => {
  test("add up where the same is put in again, are changed and taken out; each answer shows the line and its price", async () => {
    const sku = await shop.stocked(5, 1000n);
    const cartId = await empty();
    const first = await shop.carts().addItem({ cartId, sku, quantity: 2n });
    expect(first).toMatchObject({
      item: { sku, quantity: 2n, price: { subtotal: euros(2000n), sellable: true } },
      cart: { lineCount: 1, version: 2 },
    });
    const again = await shop.carts().addItem({ cartId, sku, quantity: 1n });
    expect(again).toMatchObject({ item: { id: first.item?.id, quantity: 3n }, cart: { lineCount: 1 } });
    const id = first.item?.id ?? "";
    expect(await shop.carts().updateItem({ cartId, id, quantity: 5n })).toMatchObject({ item: { quantity: 5n } });
    expect(await shop.carts().removeItem({ cartId, id })).toMatchObject({ cart: { lineCount: 0 } });
    expect(await shop.carts().removeItem({ cartId, id })).toMatchObject({ cart: { lineCount: 0 } });
    expect(await shop.carts().getCart({ id: cartId })).toMatchObject({
      items: [],
      missing: ["lines", "email", "shipping_address", "shipping_option"],
    });
  });

  test("have prices that explain themselves", async () => {
    const { id } = await shop.cartWith([{ sku: await shop.stocked(1), quantity: 1 }]);
    const { items, totals } = await shop.carts().getCart({ id, explain: true });
    expect(items[0]?.price?.explanation.map(({ rule, applied }) => [rule, applied])).toContainEqual(["base price", true]);
    expect(totals).toMatchObject({ gross: euros(1490n) });
    expect(totals?.taxes.map(({ rate, tax }) => [rate?.taxClass, tax?.amount])).toEqual([
      ["standard", 160n],
      ["shipping", 78n],
    ]);
  });

  test("that cannot be had are refused, and leave the cart as it was", async () => {
    const sku = await shop.stocked(5);
    const unpriced = await shop.stocked(5);
    await shop.unprice(unpriced);
    const cartId = await empty();
    const { item } = await shop.carts().addItem({ cartId, sku, quantity: 99n });
    const add = (line: object) => shop.carts().addItem({ cartId, sku, quantity: 1n, ...line });
    const why = (reason: string, metadata: object) => ({ code: "CONFLICT", reason, metadata: expect.objectContaining(metadata) });
    await expect(add({ sku: unpriced })).rejects.toMatchObject(why("SKU_NOT_SELLABLE", { sku: unpriced, why: "no_price" }));
    await expect(add({ sku: "NO-SUCH" })).rejects.toMatchObject(why("SKU_NOT_SELLABLE", { sku: "NO-SUCH", why: "unknown_sku" }));
    await expect(add({ quantity: 2n })).rejects.toMatchObject(why("QUANTITY_TOO_LARGE", { limit: "100", quantity: "101" }));
    for (const quantity of [0n, -1n, 1_000_001n]) await expect(add({ quantity })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
    const update = shop.carts().updateItem({ cartId, id: item?.id ?? "", quantity: 101n });
    await expect(update).rejects.toMatchObject({ reason: "QUANTITY_TOO_LARGE" });
    const nowhere = shop.carts().updateItem({ cartId, id: "item_unknown", quantity: 1n });
    await expect(nowhere).rejects.toMatchObject({ code: "NOT_FOUND", reason: "ITEM_NOT_FOUND" });
    await add({ sku: await shop.stocked(1) });
    await add({ sku: await shop.stocked(1) });
    await expect(add({ sku: await shop.stocked(1) })).rejects.toMatchObject(why("CART_FULL", { limit: "3" }));
    const { items } = await shop.carts().getCart({ id: cartId });
    expect(items.map(({ quantity }) => quantity)).toEqual([99n, 1n, 1n]);
    // More of what is in already is no line more.
    expect(await add({})).toMatchObject({ item: { quantity: 100n }, cart: { lineCount: 3 } });
  });

  test("whose price nobody can say now are not left in the cart: whoever asks again would have them twice", async () => {
    const [sku, other] = [await shop.stocked(5), await shop.stocked(5)];
    const cartId = await empty();
    await shop.carts().addItem({ cartId, sku: await shop.stocked(5), quantity: 2n });
    // Of what was asked before, pricing knows the price by heart.
    await shop.sql("update orders.cart_items set sku = $2 where cart_id = $1", [cartId, sku]);
    await shop.sql("alter table pricing.prices rename to prices_gone");
    try {
      for (const wanted of [sku, other]) await expect(shop.carts().addItem({ cartId, sku: wanted, quantity: 1n })).rejects.toBeDefined();
    } finally {
      await shop.sql("alter table pricing.prices_gone rename to prices");
    }
    expect(await shop.carts().getCart({ id: cartId })).toMatchObject({ lineCount: 1, items: [{ sku, quantity: 2n }] });
  });

  test("many that are put in at once all count", async () => {
    const sku = await shop.stocked(5);
    const cartId = await empty();
    await Promise.all(Array.from({ length: 10 }, () => shop.carts().addItem({ cartId, sku, quantity: 1n })));
    expect(await shop.carts().getCart({ id: cartId })).toMatchObject({ lineCount: 1, items: [{ quantity: 10n }] });
  });
});

describe("a cart belongs", () => {
  test("to whoever knows its id, if a guest made it; a user's only to them, in their tenant", async () => {
    const guests = await empty();
    await expect(shop.carts(EVE).getCart({ id: guests })).resolves.toMatchObject({ userId: "" });
    const eves = await empty(EVE);
    const notThere = { code: "NOT_FOUND", reason: "CART_NOT_FOUND" };
    for (const caller of [{}, { user: { id: "user_bob" } }, { tenantId: "acme" }, { user: { ...EVE.user, tenantId: "acme" } }]) {
      const carts = shop.carts(caller);
      await expect(carts.getCart({ id: eves })).rejects.toMatchObject(notThere);
      await expect(carts.addItem({ cartId: eves, sku: "X", quantity: 1n })).rejects.toMatchObject(notThere);
      await expect(carts.setEmail({ cartId: eves, email: EMAIL })).rejects.toMatchObject(notThere);
    }
    expect(await shop.carts(EVE).getMyCart({})).toMatchObject({
      id: eves,
      email: EVE.user.email,
      customerId: expect.stringMatching(/^cus_/),
    });
    await expect(shop.carts().getMyCart({})).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  });

  test("to the user after they sign in: it becomes theirs, or goes into the one they have", async () => {
    const dan = { user: { id: "user_dan" } };
    const [a, b] = [await shop.stocked(9), await shop.stocked(9)];
    const first = await empty();
    await shop.carts().addItem({ cartId: first, sku: a, quantity: 1n });
    await expect(shop.carts().mergeCart({ cartId: first })).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    expect(await shop.carts(dan).mergeCart({ cartId: first })).toMatchObject({ id: first, userId: "user_dan" });
    const second = await empty();
    await shop.carts().addItem({ cartId: second, sku: a, quantity: 2n });
    await shop.carts().addItem({ cartId: second, sku: b, quantity: 4n });
    expect(await shop.carts(dan).mergeCart({ cartId: second })).toMatchObject({ id: first, lineCount: 2 });
    expect(await shop.carts(dan).mergeCart({ cartId: second })).toMatchObject({ id: first });
    const { items } = await shop.carts(dan).getCart({ id: first });
    expect(items.map(({ sku, quantity }) => [sku, quantity])).toEqual([
      [a, 3n],
      [b, 4n],
    ]);
    expect(await shop.carts().getCart({ id: second })).toMatchObject({ status: CartStatus.MERGED });
    const third = await empty();
    await shop.carts().addItem({ cartId: third, sku: a, quantity: 98n });
    await expect(shop.carts(dan).mergeCart({ cartId: third })).rejects.toMatchObject({ reason: "QUANTITY_TOO_LARGE" });
    expect(await shop.carts().getCart({ id: third })).toMatchObject({ status: CartStatus.OPEN, lineCount: 1 });
  });
});

test("a user ships to an address of their book, and to nobody else's", async () => {
  const customers = customersOf(shop.harness, EVE);
  const { id: addressId } = await customers.addAddress({ customerId: "me", ...ADA, city: "Hamburg" });
  const cartId = await empty(EVE);
  expect(await shop.carts(EVE).setShippingAddress({ cartId, addressId })).toMatchObject({ shippingAddress: { city: "Hamburg" } });
  const bob = { user: { id: "user_bob" } };
  const others = shop.carts(bob).setShippingAddress({ cartId: await empty(bob), addressId });
  await expect(others).rejects.toMatchObject({ code: "NOT_FOUND", reason: "ADDRESS_NOT_FOUND" });
});

test("shipping can be chosen once there is something to ship and a place to ship to; what cannot be had says why", async () => {
  const sku = await shop.stocked(1);
  const cartId = await empty();
  const choose = (code: string) => shop.carts().chooseShippingOption({ cartId, code });
  await expect(choose("standard")).rejects.toMatchObject({ reason: "CART_INCOMPLETE", metadata: { missing: "lines,shipping_address" } });
  await shop.carts().addItem({ cartId, sku, quantity: 1n });
  await shop.carts().setShippingAddress({ cartId, address: ADA });
  const { options } = await shop.carts().listShippingOptions({ cartId });
  expect(options.map(({ code, price }) => [code, price?.amount])).toEqual([
    ["standard", 490n],
    ["express", 1290n],
  ]);
  await expect(choose("rocket")).rejects.toMatchObject({ code: "CONFLICT", reason: "SHIPPING_OPTION_UNAVAILABLE" });
  expect(await choose("express")).toMatchObject({ shippingOption: { code: "express", price: euros(1290n) } });
  // Somewhere where nothing goes, what was chosen is missing again.
  await shop.carts().setShippingAddress({ cartId, address: { ...ADA, country: "NZ" } });
  const far = await shop.carts().getCart({ id: cartId });
  expect(far).toMatchObject({ missing: ["email", "shipping_option"] });
  expect(far.shippingOption).toBeUndefined();
});

test("a cart that nobody touched for its life is gone, and is removed", async () => {
  const id = await empty();
  await shop.sql("update orders.carts set expires_at = now() - interval '1 second' where id = $1", [id]);
  const notThere = { code: "NOT_FOUND", reason: "CART_NOT_FOUND" };
  await expect(shop.carts().getCart({ id })).rejects.toMatchObject(notThere);
  await expect(shop.carts().setEmail({ cartId: id, email: EMAIL })).rejects.toMatchObject(notThere);
});

test.each([
  ["a currency that ISO 4217 does not have", { currency: "EUX" }, "currency"],
  ["no currency", { currency: "" }, "currency"],
  ["what is no email address", { currency: "EUR", email: "ada" }, "email"],
])("%s makes no cart", async (_, request, field) => {
  await expect(shop.carts().createCart(request)).rejects.toMatchObject({
    code: "VALIDATION_ERROR",
    fieldErrors: { [field]: expect.anything() },
  });
});
