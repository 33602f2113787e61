import { describe, expect, test } from "@jest/globals";
import * as theirs from "dinero.js/bigint";
import * as theirCurrencies from "dinero.js/bigint/currencies";
import fc from "fast-check";
import { currencyExponent } from "./currencies.ts";
import { add, allocate, compare, formatMoney, type Money, money, multiply, type Rounding, subtract, sum, zero } from "./money.ts";

/**
 * Money over random carts: what is taken apart adds up again, whatever is bought, changed and given back. PLINTH_MONEY_CASES says how many carts;
 * a million take minutes.
 */
const CASES = Number(process.env.PLINTH_MONEY_CASES ?? 20_000);
const TIMEOUT_MS = 60_000 + CASES;
const settings = { numRuns: CASES };

/** Of 0, 2, 3 and 4 digits. */
const currencies = fc.constantFrom("JPY", "EUR", "KWD", "CLF");

/** `expect` would cost more than all it looks at. */
function check(holds: boolean, problem: string): void {
  if (!holds) throw new Error(problem);
}

function same(left: Money, right: Money, problem: string): void {
  check(left.currency === right.currency && left.amount === right.amount, `${problem}: ${left.amount} and ${right.amount}`);
}

/** Whether `part` is less than one minor unit from whole × weight ÷ total. */
function isNear(part: Money, whole: Money, weight: bigint, total: bigint): boolean {
  const distance = part.amount * total - whole.amount * weight;
  return (distance < 0n ? -distance : distance) < total;
}

interface Line {
  readonly price: bigint;
  readonly quantity: bigint;
}

interface Bill {
  readonly lines: readonly { readonly quantity: bigint; readonly subtotal: Money; readonly net: Money; readonly gross: Money }[];
  readonly gross: Money;
}

/** A discount on the whole cart and the tax on the rest, both shared by the lines. Checks each share on the way. */
function billOf(lines: readonly Line[], currency: string, discountPermille: bigint, taxPermille: bigint): Bill {
  const subtotals = lines.map(({ price, quantity }) => multiply(money(price, currency), quantity));
  const subtotal = sum(subtotals, currency);
  const discount = multiply(subtotal, { numerator: discountPermille, denominator: 1000n }, "half-up");
  const discounts = shares(discount, subtotals, "discount");
  const nets = subtotals.map((each, index) => subtract(each, discounts[index] as Money));
  const net = subtract(subtotal, discount);
  same(sum(nets, currency), net, "the lines without their discounts are not the cart without its discount");
  const tax = multiply(net, { numerator: taxPermille, denominator: 1000n }, "half-up");
  const taxes = shares(tax, nets, "tax");
  const billed = lines.map(({ quantity }, index) => {
    const line = nets[index] as Money;
    check(line.amount >= 0n, `a line costs ${line.amount} after its discount`);
    return { quantity, subtotal: subtotals[index] as Money, net: line, gross: add(line, taxes[index] as Money) };
  });
  const gross = add(net, tax);
  const ofLines = billed.map((line) => line.gross);
  same(sum(ofLines, currency), gross, "the lines with their tax are not the cart with its tax");
  return { lines: billed, gross };
}

function shares(whole: Money, weights: readonly Money[], what: string): Money[] {
  const total = sum(weights, whole.currency);
  if (total.amount === 0n) {
    check(whole.amount === 0n, `a ${what} of ${whole.amount} on nothing`);
    return weights.map(() => zero(whole.currency));
  }
  const parts = allocate(
    whole,
    weights.map(({ amount }) => amount),
  );
  same(sum(parts, whole.currency), whole, `the parts of the ${what} are not the whole`);
  for (const [index, part] of parts.entries()) {
    check(
      isNear(part, whole, (weights[index] as Money).amount, total.amount),
      `a part of the ${what} is a minor unit or more from its share`,
    );
  }
  return parts;
}

/** What the first `count` of `quantity` pieces cost: a refund of some is the difference of two of these. */
function firstOf(gross: Money, count: bigint, quantity: bigint): Money {
  return allocate(gross, [count, quantity - count])[0] as Money;
}

describe("carts", () => {
  const prices = fc.oneof(fc.nat(200), fc.nat(100_000), fc.maxSafeNat()).map(BigInt);
  const quantities = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 9 }) }, fc.integer({ min: 1, max: 1_000_000 })).map(BigInt);
  const carts = fc.record({
    currency: currencies,
    lines: fc.array(fc.record({ price: prices, quantity: quantities }), { minLength: 1, maxLength: 8 }),
    discountPermille: fc.integer({ min: 0, max: 1000 }).map(BigInt),
    taxPermille: fc.integer({ min: 0, max: 400 }).map(BigInt),
    edits: fc.array(fc.tuple(fc.nat(7), fc.oneof(fc.constant(0n), quantities)), { maxLength: 3 }),
    // Which line, and how much of what is left of it, in thousandths.
    refunds: fc.array(fc.tuple(fc.nat(7), fc.integer({ min: 1, max: 1000 })), { maxLength: 10 }),
  });

  test(
    "sums equal their parts after every edit, and any series of refunds ends at zero",
    () => {
      fc.assert(
        fc.property(carts, ({ currency, lines, discountPermille, taxPermille, edits, refunds }) => {
          let cart: readonly Line[] = lines;
          let bill = billOf(cart, currency, discountPermille, taxPermille);
          for (const [at, quantity] of edits) {
            const edited = at % cart.length;
            cart = cart.map((line, index) => (index === edited ? { ...line, quantity } : line)).filter((line) => line.quantity > 0n);
            if (cart.length === 0) cart = lines;
            bill = billOf(cart, currency, discountPermille, taxPermille);
          }
          refundAll(bill, currency, refunds);
        }),
        settings,
      );
    },
    TIMEOUT_MS,
  );

  function refundAll({ lines, gross }: Bill, currency: string, refunds: readonly (readonly [number, number])[]): void {
    const returned = lines.map(() => 0n);
    let left = gross;
    const giveBack = (index: number, count: bigint): void => {
      const line = lines[index] as Bill["lines"][number];
      const before = returned[index] as bigint;
      const refund = subtract(firstOf(line.gross, before + count, line.quantity), firstOf(line.gross, before, line.quantity));
      check(refund.amount >= 0n, `a refund of ${refund.amount}`);
      const distance = refund.amount * line.quantity - line.gross.amount * count;
      check((distance < 0n ? -distance : distance) <= line.quantity, "a refund is more than a minor unit from its exact share");
      returned[index] = before + count;
      left = subtract(left, refund);
      check(left.amount >= 0n, `more was refunded than was paid, by ${-left.amount}`);
    };
    for (const [at, thousandths] of refunds) {
      const index = at % lines.length;
      const open = (lines[index] as Bill["lines"][number]).quantity - (returned[index] as bigint);
      if (open > 0n) giveBack(index, (open * BigInt(thousandths) + 999n) / 1000n);
    }
    for (const [index, { quantity }] of lines.entries()) {
      const open = quantity - (returned[index] as bigint);
      if (open > 0n) giveBack(index, open);
    }
    same(left, zero(currency), "after all is given back something is left");
  }
});

describe("beside dinero.js", () => {
  const known: Record<string, (typeof theirCurrencies)["EUR"]> = theirCurrencies;
  const theirOf = ({ amount, currency }: Money) => theirs.dinero({ amount, currency: known[currency] as (typeof theirCurrencies)["EUR"] });
  const amounts = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n });
  const equal = (ours: Money, other: theirs.Dinero<bigint>, what: string) => {
    const { amount, currency } = theirs.toSnapshot(other);
    same(ours, { amount, currency: currency.code }, what);
  };

  test("currencies have as many digits", () => {
    // Dinero counts the fifths of ouguiya and ariary, which ISO 4217 gives two digits.
    const decimal = Object.values(known).filter(({ base }) => base === 10n);
    const different = decimal.filter(({ code, exponent }) => currencyExponent(code) !== Number(exponent));
    expect(different.map(({ code }) => code)).toEqual([]);
  });

  test(
    "sums, products and their rounding, order and decimals are the same",
    () => {
      // Ours rounds half up away from zero, as tax laws mean it.
      const roundings: Record<Rounding, typeof theirs.halfEven> = {
        "half-even": theirs.halfEven,
        "half-up": theirs.halfAwayFromZero,
        down: theirs.down,
      };
      const anyRate = fc.record({ amount: fc.bigInt({ min: 0n, max: 10n ** 9n }), scale: fc.integer({ min: 0, max: 9 }).map(BigInt) });
      const anyRounding = fc.constantFrom<Rounding>("half-even", "half-up", "down");
      fc.assert(
        fc.property(currencies, amounts, amounts, anyRate, anyRounding, (currency, one, other, rate, rounding) => {
          const [left, right] = [money(one, currency), money(other, currency)];
          const [theirLeft, theirRight] = [theirOf(left), theirOf(right)];
          equal(add(left, right), theirs.add(theirLeft, theirRight), "sums differ");
          equal(subtract(left, right), theirs.subtract(theirLeft, theirRight), "differences differ");
          check(Math.sign(compare(left, right)) === Math.sign(theirs.compare(theirLeft, theirRight)), "orders differ");
          check(
            formatMoney(left) === theirs.toDecimal(theirLeft),
            `decimals differ: ${formatMoney(left)} and ${theirs.toDecimal(theirLeft)}`,
          );
          // Theirs rounds down below zero, where ours rounds toward zero.
          const factor = rounding === "down" && left.amount < 0n ? money(-left.amount, currency) : left;
          const ours = multiply(factor, { numerator: rate.amount, denominator: 10n ** rate.scale }, rounding);
          const product = theirs.multiply(theirOf(factor), { ...rate });
          equal(
            ours,
            theirs.transformScale(product, BigInt(currencyExponent(currency) ?? 0), roundings[rounding]),
            `products by ${rounding} differ`,
          );
        }),
        settings,
      );
    },
    TIMEOUT_MS,
  );

  test(
    "equal shares are the same; others are one minor unit apart at most, as theirs gives what is over to the first",
    () => {
      const weights = fc
        .array(fc.nat(1_000_000).map(BigInt), { minLength: 1, maxLength: 10 })
        .filter((list) => list.some((one) => one > 0n));
      fc.assert(
        fc.property(currencies, fc.bigInt({ min: 0n, max: 10n ** 18n }), weights, (currency, amount, list) => {
          const whole = money(amount, currency);
          const ones = list.map(() => 1n);
          const equalShares = theirs.allocate(theirOf(whole), ones);
          for (const [index, part] of allocate(whole, ones).entries()) {
            equal(part, equalShares[index] as theirs.Dinero<bigint>, "equal shares differ");
          }
          const others = theirs.allocate(theirOf(whole), list).map((part) => theirs.toSnapshot(part).amount);
          for (const [index, part] of allocate(whole, list).entries()) {
            const distance = part.amount - (others[index] as bigint);
            check(distance >= -1n && distance <= 1n, `shares are ${distance} apart`);
          }
        }),
        settings,
      );
    },
    TIMEOUT_MS,
  );
});
