import { currencyExponent } from "./currencies.ts";
import { validation } from "./errors.ts";

/**
 * An amount of money: whole minor units (cents of EUR, yen of JPY, fils of KWD) and an ISO 4217 code. There is no float on any path,
 * and amounts of two currencies never meet.
 */
export interface Money {
  readonly amount: bigint;
  readonly currency: string;
}

/** How it travels in JSON, where numbers would lose digits: the minor units as text. */
export interface MoneyJson {
  readonly amount: string;
  readonly currency: string;
}

/** An exact rate: 19 % is `{numerator: 19n, denominator: 100n}`. */
export interface Ratio {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** `half-even` favours neither side over many sums; `half-up` (away from zero) is what many tax laws ask for; `down` is toward zero. */
export type Rounding = "half-even" | "half-up" | "down";

/** `amount` is in minor units. Refuses a code that ISO 4217 does not have. */
export function money(amount: bigint, currency: string): Money {
  exponentOf(currency);
  return { amount, currency };
}

export function zero(currency: string): Money {
  return money(0n, currency);
}

export function add(left: Money, right: Money): Money {
  assertSameCurrency(left, right);
  return { amount: left.amount + right.amount, currency: left.currency };
}

export function subtract(left: Money, right: Money): Money {
  assertSameCurrency(left, right);
  return { amount: left.amount - right.amount, currency: left.currency };
}

export function negate(value: Money): Money {
  return { amount: -value.amount, currency: value.currency };
}

/** The sum; `currency` says what an empty list adds up to. */
export function sum(values: readonly Money[], currency: string): Money {
  return values.reduce(add, zero(currency));
}

/** Multiplies by a whole number exactly, or by an exact ratio with one rounding at the end. */
export function multiply(value: Money, by: bigint | Ratio, rounding: Rounding = "half-even"): Money {
  if (typeof by === "bigint") return { amount: value.amount * by, currency: value.currency };
  if (by.denominator === 0n) throw new RangeError("A ratio has no denominator 0.");
  return { amount: divided(value.amount * by.numerator, by.denominator, rounding), currency: value.currency };
}

/**
 * Divides into parts in proportion to `weights`, by largest remainder: the parts sum to the whole exactly, and each is within one
 * minor unit of its exact share. Equal remainders go to the earlier part, so the same input gives the same parts.
 */
export function allocate(value: Money, weights: readonly bigint[]): Money[] {
  const total = weights.reduce((left, right) => left + right, 0n);
  if (weights.some((weight) => weight < 0n) || total <= 0n) throw new RangeError("Weights must not be negative, and one must be above 0.");
  const sign = value.amount < 0n ? -1n : 1n;
  const whole = value.amount * sign;
  const parts = weights.map((weight) => (whole * weight) / total);
  const left = Number(whole - parts.reduce((sumSoFar, part) => sumSoFar + part, 0n));
  const byRemainder = weights
    .map((weight, index) => ({ index, remainder: (whole * weight) % total }))
    .sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1));
  for (const { index } of byRemainder.slice(0, left)) parts[index] = (parts[index] as bigint) + 1n;
  return parts.map((part) => ({ amount: part * sign, currency: value.currency }));
}

/** Below 0, 0 or above 0, as a sort function wants it. */
export function compare(left: Money, right: Money): number {
  assertSameCurrency(left, right);
  return left.amount === right.amount ? 0 : left.amount < right.amount ? -1 : 1;
}

/** Same amount and same currency; amounts of two currencies are never equal, not even zero. */
export function equals(left: Money, right: Money): boolean {
  return left.currency === right.currency && left.amount === right.amount;
}

/** Reads `12.34` as EUR. Refuses more digits than the currency has: nothing is rounded on the way in. */
export function parseMoney(text: string, currency: string, field = "amount"): Money {
  const exponent = exponentOf(currency);
  const match = /^(-?)(\d{1,30})(?:\.(\d{1,30}))?$/.exec(text);
  const fraction = match?.[3] ?? "";
  if (match === null || fraction.length > exponent) {
    throw validation({
      [field]: `must be a decimal number with at most ${exponent} digits after the point (${currency}); got "${text.slice(0, 80)}"`,
    });
  }
  const amount = BigInt(`${match[2]}${fraction.padEnd(exponent, "0")}`);
  return { amount: match[1] === "-" ? -amount : amount, currency };
}

/** Writes the amount as a decimal with all digits of its currency: `12.34`, `-0.05`, `1200` for JPY. */
export function formatMoney(value: Money): string {
  const exponent = exponentOf(value.currency);
  const sign = value.amount < 0n ? "-" : "";
  const digits = (value.amount < 0n ? -value.amount : value.amount).toString().padStart(exponent + 1, "0");
  if (exponent === 0) return sign + digits;
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}

export function moneyToJson(value: Money): MoneyJson {
  return { amount: value.amount.toString(), currency: value.currency };
}

export function moneyFromJson(json: MoneyJson, field = "money"): Money {
  if (!/^-?\d{1,30}$/.test(json.amount)) throw validation({ [`${field}.amount`]: "must be minor units as a whole number in text" });
  if (currencyExponent(json.currency) === undefined) throw validation({ [`${field}.currency`]: "must be an ISO 4217 code such as EUR" });
  return { amount: BigInt(json.amount), currency: json.currency };
}

function exponentOf(currency: string): number {
  const exponent = currencyExponent(currency);
  if (exponent === undefined) throw validation({ currency: `must be an ISO 4217 code such as EUR; got "${currency.slice(0, 20)}"` });
  return exponent;
}

function assertSameCurrency(left: Money, right: Money): void {
  if (left.currency !== right.currency)
    throw new TypeError(`${left.currency} and ${right.currency} cannot be mixed; convert by a rate first.`);
}

function divided(dividend: bigint, divisor: bigint, rounding: Rounding): bigint {
  const negative = dividend < 0n !== divisor < 0n;
  const above = dividend < 0n ? -dividend : dividend;
  const below = divisor < 0n ? -divisor : divisor;
  const whole = above / below;
  const twice = (above % below) * 2n;
  const up = rounding !== "down" && (twice > below || (twice === below && (rounding === "half-up" || whole % 2n === 1n)));
  const rounded = up ? whole + 1n : whole;
  return negative ? -rounded : rounded;
}
