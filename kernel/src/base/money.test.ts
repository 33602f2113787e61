import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { PlinthError } from "./errors.ts";
import {
  add,
  allocate,
  compare,
  equals,
  formatMoney,
  money,
  moneyFromJson,
  moneyToJson,
  multiply,
  negate,
  parseMoney,
  subtract,
  sum,
  zero,
} from "./money.ts";

const amounts = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n });
const currencies = fc.constantFrom("EUR", "JPY", "KWD", "CLF");

describe("arithmetic", () => {
  test("adds, subtracts, negates and sums", () => {
    expect(add(money(105n, "EUR"), money(95n, "EUR"))).toEqual(money(200n, "EUR"));
    expect(subtract(money(5n, "EUR"), money(7n, "EUR"))).toEqual(money(-2n, "EUR"));
    expect(negate(money(5n, "EUR"))).toEqual(money(-5n, "EUR"));
    expect(sum([], "JPY")).toEqual(zero("JPY"));
    expect(sum([money(1n, "EUR"), money(2n, "EUR")], "EUR")).toEqual(money(3n, "EUR"));
  });

  test("never mixes currencies", () => {
    expect(() => add(money(1n, "EUR"), money(1n, "USD"))).toThrow("EUR and USD cannot be mixed");
    expect(() => compare(money(1n, "EUR"), money(1n, "USD"))).toThrow(TypeError);
    expect(equals(zero("EUR"), zero("USD"))).toBe(false);
  });

  test.each([
    [25n, "half-even", 2n],
    [35n, "half-even", 4n],
    [-25n, "half-even", -2n],
    [25n, "half-up", 3n],
    [-25n, "half-up", -3n],
    [29n, "down", 2n],
    [-29n, "down", -2n],
    [26n, "half-even", 3n],
  ] as const)("a tenth of %s rounded %s is %s", (amount, rounding, expected) => {
    expect(multiply(money(amount, "EUR"), { numerator: 1n, denominator: 10n }, rounding).amount).toBe(expected);
  });

  test("a ratio is applied exactly before the one rounding", () => {
    fc.assert(
      fc.property(amounts, fc.bigInt({ min: 1n, max: 10n ** 12n }), (amount, factor) => {
        expect(multiply(money(amount, "EUR"), { numerator: factor * 7n, denominator: factor }).amount).toBe(amount * 7n);
      }),
    );
  });
});

describe("allocate", () => {
  const weights = fc
    .array(fc.bigInt({ min: 0n, max: 1_000_000n }), { minLength: 1, maxLength: 30 })
    .filter((list) => list.some((weight) => weight > 0n));

  test("the parts sum to the whole, each within one minor unit of its share", () => {
    fc.assert(
      fc.property(amounts, weights, (amount, list) => {
        const whole = money(amount, "EUR");
        const parts = allocate(whole, list);
        const total = list.reduce((left, right) => left + right, 0n);
        expect(sum(parts, "EUR")).toEqual(whole);
        parts.forEach((part, index) => {
          const distance = part.amount * total - amount * (list[index] as bigint);
          expect((distance < 0n ? -distance : distance) < total).toBe(true);
        });
      }),
    );
  });

  test("the cent that is over goes to the largest remainder, on a tie to the first", () => {
    expect(allocate(money(100n, "EUR"), [1n, 1n, 1n]).map((part) => part.amount)).toEqual([34n, 33n, 33n]);
    expect(allocate(money(10n, "EUR"), [1n, 2n]).map((part) => part.amount)).toEqual([3n, 7n]);
    expect(allocate(money(-10n, "EUR"), [1n, 2n]).map((part) => part.amount)).toEqual([-3n, -7n]);
    expect(allocate(money(5n, "EUR"), [0n, 1n]).map((part) => part.amount)).toEqual([0n, 5n]);
  });

  test("refuses weights that give no proportion", () => {
    expect(() => allocate(money(5n, "EUR"), [])).toThrow(RangeError);
    expect(() => allocate(money(5n, "EUR"), [0n])).toThrow(RangeError);
    expect(() => allocate(money(5n, "EUR"), [2n, -1n])).toThrow(RangeError);
  });
});

describe("text and JSON", () => {
  test.each([
    ["12.34", "EUR", 1234n],
    ["12.3", "EUR", 1230n],
    ["-0.05", "EUR", -5n],
    ["1200", "JPY", 1200n],
    ["1.005", "KWD", 1005n],
    ["0.0001", "CLF", 1n],
  ])("%s %s", (text, currency, amount) => {
    expect(parseMoney(text, currency).amount).toBe(amount);
  });

  test("what is written is read back as the same", () => {
    fc.assert(
      fc.property(amounts, currencies, (amount, currency) => {
        const value = money(amount, currency);
        expect(parseMoney(formatMoney(value), currency)).toEqual(value);
        expect(moneyFromJson(JSON.parse(JSON.stringify(moneyToJson(value))))).toEqual(value);
      }),
    );
  });

  test.each(["", "1,5", "1.", ".5", "1e3", "0.005", "--1", " 1", "NaN"])("refuses %p as EUR", (text) => {
    expect(() => parseMoney(text, "EUR")).toThrow(PlinthError);
  });

  test("refuses a currency that is none", () => {
    expect(() => money(1n, "EURO")).toThrow("ISO 4217");
    expect(() => moneyFromJson({ amount: "1", currency: "eur" })).toThrow("ISO 4217");
    expect(() => moneyFromJson({ amount: "1.5", currency: "EUR" })).toThrow("whole number");
  });
});
