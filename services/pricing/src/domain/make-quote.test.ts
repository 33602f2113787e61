import { describe, expect, test } from "@jest/globals";
import { money } from "@plinth/kernel/base";
import type { Channel } from "./channel.ts";
import { type Candidate, choosePrice } from "./choose-price.ts";
import { makeQuote } from "./make-quote.ts";
import type { KnownSku, PriceFacts } from "./quote.ts";

const NOW = new Date("2026-01-02T03:04:05Z");
const VAT = { name: "VAT 19 %", rate: "0.19", taxClass: "standard" };
const CHANNEL: Channel = {
  ...{ tenantId: "default", code: "default", currency: "EUR", country: "DE", taxInclusive: true, warehouseId: "" },
  taxRounding: "line",
  ...{ version: 1, createdAt: NOW, updatedAt: NOW },
};
const everywhere = (amount: bigint, minQuantity = 1n): Candidate => ({ warehouseId: "", minQuantity, amount });
const inBerlin = (amount: bigint, minQuantity = 1n): Candidate => ({ warehouseId: "wh_ber", minQuantity, amount });
const aSku = (sku: string, candidates: readonly Candidate[], change: Partial<KnownSku> = {}): KnownSku => ({
  ...{ sku, productId: "prod_1", name: `The ${sku}`, published: true, taxClass: "standard", weightGrams: 100, imageUrl: "" },
  candidates,
  ...change,
});
const facts = (lines: readonly (readonly [bigint, ...KnownSku[]])[], change: Partial<PriceFacts> = {}): PriceFacts => ({
  ...{ channel: CHANNEL, currency: "EUR", country: "DE", rates: [VAT] },
  lines: lines.map(([quantity, ...skus]) => ({ item: { sku: "", productId: "prod_1", quantity, warehouseId: "wh_ber" }, skus })),
  ...change,
});

describe("the price of a line", () => {
  const candidates = [everywhere(1000n), everywhere(800n, 10n), inBerlin(900n), inBerlin(700n, 50n)];

  test.each([
    [1n, 900n],
    // The warehouse's own price goes before the break for everywhere, though that is lower.
    [10n, 900n],
    [49n, 900n],
    [50n, 700n],
    [1_000_000n, 700n],
  ])("for %s pieces is %s", (quantity, amount) => {
    expect(choosePrice(candidates, quantity).won?.amount).toBe(amount);
  });

  test("is that for everywhere where the warehouse has a break only that is not reached", () => {
    expect(choosePrice([everywhere(1000n), inBerlin(700n, 50n)], 5n).won?.amount).toBe(1000n);
  });

  test("comes with what lost, and why", () => {
    const reasons = choosePrice(candidates, 10n).lost.map(({ candidate, reason }) => [candidate.amount, reason]);
    expect(reasons).toEqual([
      [1000n, "warehouse wh_ber has a price of its own"],
      [800n, "warehouse wh_ber has a price of its own"],
      [700n, "the quantity 10 is below 50"],
    ]);
    expect(choosePrice([everywhere(10n), everywhere(8n, 5n)], 5n).lost[0]?.reason).toBe("the quantity 5 reaches the price from 5 on");
  });
});

describe("what cannot be sold", () => {
  test("says why, costs nothing of the total, and is never 0", () => {
    const { lines, totals } = makeQuote(
      facts([[1n], [1n, aSku("A", [])], [1n, aSku("B", [everywhere(5n)], { published: false })], [2n, aSku("C", [everywhere(119n)])]]),
      undefined,
      false,
    );
    expect(lines.map(({ reason }) => reason)).toEqual(["unknown-sku", "no-price", "not-published", undefined]);
    expect(lines.map(({ taxed }) => taxed?.gross.amount)).toEqual([undefined, undefined, undefined, 238n]);
    expect(totals).toMatchObject({ gross: money(238n, "EUR"), tax: money(38n, "EUR"), net: money(200n, "EUR") });
  });

  test("is not what costs exactly 0", () => {
    const { lines } = makeQuote(facts([[3n, aSku("A", [everywhere(0n)])]]), undefined, false);
    expect(lines[0]).toMatchObject({ reason: undefined, taxed: { gross: money(0n, "EUR"), tax: money(0n, "EUR") } });
  });

  test("tells which prices there are that do not hold", () => {
    const { lines } = makeQuote(facts([[1n, aSku("A", [everywhere(5n, 10n)])]]), undefined, true);
    expect(lines[0]).toMatchObject({
      reason: "no-price",
      steps: [{ rule: "quantity break", applied: false, reason: "the quantity 1 is below 10" }],
    });
  });
});

test("a product is the cheapest of its SKUs that can be sold; the others are told of", () => {
  const skus = [aSku("S", []), aSku("M", [everywhere(500n)]), aSku("L", [everywhere(400n)]), aSku("XL", [everywhere(400n)])];
  const { lines } = makeQuote(facts([[1n, ...skus]]), undefined, true);
  expect(lines[0]?.sku?.sku).toBe("L");
  expect(lines[0]?.steps.map(({ rule, applied, reason }) => [rule, applied, reason])).toEqual([
    ["base price", true, ""],
    ["tax", true, ""],
    ["base price", false, "L costs no more than XL"],
    ["base price", false, "L costs no more than M"],
  ]);
});

describe("the explanation", () => {
  const stepsOf = (change: Partial<PriceFacts>, sku = aSku("A", [everywhere(119n)])) =>
    makeQuote(facts([[1n, sku]], change), undefined, true).lines[0]?.steps.map(({ detail }) => detail);

  test("says where the price holds, and what tax it was", () => {
    expect(stepsOf({})).toEqual(["everywhere", "VAT 19 % (0.19, DE, class standard), in the price, rounded for the line"]);
    expect(stepsOf({ channel: { ...CHANNEL, taxInclusive: false, taxRounding: "unit" } }, aSku("A", [inBerlin(119n, 1n)]))).toEqual([
      "in warehouse wh_ber",
      "VAT 19 % (0.19, DE, class standard), on top of the price, rounded for each piece",
    ]);
  });

  test("says that a class has no rate of its own, and that a country has none", () => {
    expect(stepsOf({}, aSku("A", [everywhere(1n)], { taxClass: "books" }))?.[1]).toContain(
      "class standard, as DE has none for the class books",
    );
    expect(stepsOf({ rates: [], country: "FR" })?.[1]).toBe("FR has no tax rate for the class standard then: nothing is taxed");
  });
});

describe("shipping", () => {
  test("is taxed as its class, and as part of its rate's sum", () => {
    const carriage = { name: "VAT 7 %", rate: "0.07", taxClass: "shipping" };
    const { totals } = makeQuote(facts([[1n, aSku("A", [everywhere(119n)])]], { rates: [VAT, carriage] }), money(107n, "EUR"), false);
    expect(totals).toMatchObject({
      shipping: money(107n, "EUR"),
      shippingTax: money(7n, "EUR"),
      tax: money(26n, "EUR"),
      gross: money(226n, "EUR"),
    });
    expect(totals.subtotal).toEqual(money(119n, "EUR"));
    expect(totals.taxes.map(({ rate, tax }) => [rate.taxClass, tax.amount])).toEqual([
      ["standard", 19n],
      ["shipping", 7n],
    ]);
  });

  test("shares the rounding of the order's tax", () => {
    const channel = { ...CHANNEL, taxInclusive: false, taxRounding: "order" as const };
    const lines = [1, 2].map((): [bigint, KnownSku] => [1n, aSku("A", [everywhere(13n)])]);
    const { lines: priced, totals } = makeQuote(facts(lines, { channel }), money(13n, "EUR"), false);
    expect(priced.map(({ taxed }) => taxed?.tax.amount)).toEqual([3n, 2n]);
    expect([totals.shippingTax.amount, totals.shipping.amount, totals.tax.amount]).toEqual([2n, 15n, 7n]);
  });
});

describe("an amount that leaves 64 bits", () => {
  const tooLarge = (field: string) => expect.objectContaining({ reason: "AMOUNT_TOO_LARGE", fieldErrors: { [field]: expect.any(String) } });

  test("is refused, naming the line", () => {
    const lines = facts([
      [1n, aSku("A", [everywhere(1n)])],
      [2n, aSku("B", [everywhere(2n ** 62n)])],
    ]);
    expect(() => makeQuote(lines, undefined, false)).toThrow(tooLarge("items[1].quantity"));
  });

  test("also when the tax makes it so, or the sum of the lines", () => {
    const most = [1n, aSku("A", [everywhere(2n ** 63n - 1n)])] as const;
    expect(() => makeQuote(facts([most]), undefined, false)).not.toThrow();
    const onTop = { channel: { ...CHANNEL, taxInclusive: false } };
    expect(() => makeQuote(facts([most], onTop), undefined, false)).toThrow(tooLarge("items[0].quantity"));
    expect(() => makeQuote(facts([most, [1n, aSku("B", [everywhere(1n)])]]), undefined, false)).toThrow(tooLarge("items"));
  });
});
