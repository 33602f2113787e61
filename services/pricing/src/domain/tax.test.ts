import { describe, expect, test } from "@jest/globals";
import { add, type Money, money, sum, zero } from "@plinth/kernel/base";
import fc from "fast-check";
import { rateOf, type Taxable, type TaxRate, type TaxRounding, taxByRate, taxLines } from "./tax.ts";

const VAT: TaxRate = { name: "VAT 19 %", rate: "0.19", taxClass: "standard" };
const REDUCED: TaxRate = { name: "VAT 7 %", rate: "0.07", taxClass: "reduced" };
const line = (amount: bigint, quantity: bigint, rate = VAT, currency = "EUR"): Taxable => ({
  unitPrice: money(amount, currency),
  quantity,
  rate,
});
const amounts = (lines: readonly Taxable[], inclusive: boolean, rounding: TaxRounding) =>
  taxLines(lines, { inclusive, rounding }).map(({ net, tax, gross }) => [net.amount, tax.amount, gross.amount]);

describe("a class without a rate of its own", () => {
  test("has that of the class standard; where there is none, nothing is taxed", () => {
    expect(rateOf([REDUCED, VAT], "reduced")).toBe(REDUCED);
    expect(rateOf([REDUCED, VAT], "books")).toBe(VAT);
    expect(rateOf([REDUCED], "books")).toEqual({ name: "", rate: "0", taxClass: "books" });
  });
});

describe("19 % on top", () => {
  // 19 % of 0.13 are 0.0247: 2 cents a piece, 7 cents for three of them, 10 cents for four.
  test.each([
    ["unit", 6n],
    ["line", 7n],
  ] as const)("of three pieces of 13 cents, rounded by %s, is %s cents", (rounding, tax) => {
    expect(amounts([line(13n, 3n)], false, rounding)).toEqual([[39n, tax, 39n + tax]]);
  });

  test("rounded by order is taxed together, and shared by largest remainder", () => {
    // 19 % of 39 are 7.41: 7 cents, of which each line's share is 2.33; the cent that is over goes to the first.
    expect(amounts([line(13n, 1n), line(13n, 1n), line(13n, 1n)], false, "order").map(([, tax]) => tax)).toEqual([3n, 2n, 2n]);
  });

  test("is rounded half up", () => {
    const half: TaxRate = { ...VAT, rate: "0.5" };
    expect(amounts([line(1n, 1n, half)], false, "line")).toEqual([[1n, 1n, 2n]]);
  });
});

describe("19 % within", () => {
  test("a price of 119 are 19, and net and tax are what was asked for exactly", () => {
    expect(amounts([line(119n, 1n)], true, "line")).toEqual([[100n, 19n, 119n]]);
    expect(amounts([line(999n, 3n)], true, "line")).toEqual([[2518n, 479n, 2997n]]);
    expect(amounts([line(999n, 3n)], true, "unit")).toEqual([[2517n, 480n, 2997n]]);
  });
});

test("rates are applied exactly: 8 digits after the point, on amounts beyond what a double holds", () => {
  const odd: TaxRate = { ...VAT, rate: "0.12345678" };
  expect(amounts([line(9_007_199_254_740_993n, 100n, odd)], false, "line")[0]?.[1]).toBe(111_199_981_680_872_273n);
});

test("lines of several rates are summed by rate", () => {
  const taxed = taxLines([line(100n, 1n), line(100n, 2n, REDUCED), line(50n, 1n)], { inclusive: false, rounding: "line" });
  expect(taxByRate(taxed)).toEqual([
    { rate: VAT, net: money(150n, "EUR"), tax: money(29n, "EUR") },
    { rate: REDUCED, net: money(200n, "EUR"), tax: money(14n, "EUR") },
  ]);
});

describe("for any lines, in any currency, at every level", () => {
  const rateNamed = (taxClass: string) =>
    fc
      .integer({ min: 0, max: 100_000_000 })
      .map((number) => ({ name: "tax", rate: `${Math.floor(number / 1e8)}.${String(number % 1e8).padStart(8, "0")}`, taxClass }));
  const anyLine = fc.record({
    amount: fc.oneof(fc.bigInt({ min: 0n, max: 100_000n }), fc.bigInt({ min: 0n, max: 10n ** 15n })),
    quantity: fc.bigInt({ min: 1n, max: 1000n }),
    which: fc.nat(2),
  });
  const anyCart = fc.record({
    currency: fc.constantFrom("JPY", "EUR", "KWD", "CLF"),
    rates: fc.tuple(rateNamed("a"), rateNamed("b"), rateNamed("c")),
    lines: fc.array(anyLine, { maxLength: 20 }),
    inclusive: fc.boolean(),
    rounding: fc.constantFrom<TaxRounding>("unit", "line", "order"),
  });
  const total = (values: readonly Money[], currency: string) => sum(values, currency).amount;

  test("sums equal their parts, nothing is negative, and no tax is further than a minor unit from its exact amount", () => {
    fc.assert(
      fc.property(anyCart, ({ currency, rates: known, lines, inclusive, rounding }) => {
        const taxables = lines.map(({ amount, quantity, which }) => line(amount, quantity, known[which], currency));
        const taxed = taxLines(taxables, { inclusive, rounding });
        const sums = taxByRate(taxed);
        const of = (what: "subtotal" | "net" | "tax" | "gross") =>
          total(
            taxed.map((each) => each[what]),
            currency,
          );
        expect(of("net") + of("tax")).toBe(of("gross"));
        expect(inclusive ? of("gross") : of("net")).toBe(of("subtotal"));
        expect(
          total(
            sums.map(({ tax }) => tax),
            currency,
          ),
        ).toBe(of("tax"));
        expect(
          total(
            sums.map(({ net }) => net),
            currency,
          ),
        ).toBe(of("net"));
        for (const { subtotal, net, tax, gross, unitPrice, quantity, rate } of taxed) {
          expect(subtotal.amount).toBe(unitPrice.amount * quantity);
          expect(add(net, tax)).toEqual(gross);
          expect(net.amount >= 0n && tax.amount >= 0n).toBe(true);
          const [dividend, divisor] = exactTax(subtotal.amount, rate.rate, inclusive);
          const distance = tax.amount * divisor - dividend;
          // By unit each piece may be half a minor unit off; by order it is half of one for the sum, and less than one for the share.
          const slack = rounding === "unit" ? quantity : rounding === "line" ? 1n : 3n;
          expect((distance < 0n ? -distance : distance) * 2n <= divisor * slack).toBe(true);
        }
        if (rounding === "order") {
          for (const { rate, tax } of sums) {
            const amount = total(
              taxed.filter((each) => each.rate === rate).map(({ subtotal }) => subtotal),
              currency,
            );
            const [dividend, divisor] = exactTax(amount, rate.rate, inclusive);
            expect(tax.amount).toBe((dividend * 2n + divisor) / (divisor * 2n));
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  /** As a fraction, worked out in another way than the code does. */
  function exactTax(amount: bigint, rate: string, inclusive: boolean): [bigint, bigint] {
    const millionths = BigInt(Math.round(Number(rate) * 1e8));
    return [amount * millionths, inclusive ? 100_000_000n + millionths : 100_000_000n];
  }
});

test("nothing is taxed where there are no lines, and a line of 0 has no tax", () => {
  expect(taxLines([], { inclusive: true, rounding: "order" })).toEqual([]);
  expect(taxLines([line(0n, 5n)], { inclusive: true, rounding: "order" })[0]?.tax).toEqual(zero("EUR"));
});
