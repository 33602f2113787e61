import { currencyExponent, validation } from "@plinth/kernel/base";

/** Stripe counts these in hundredths, though they have none: https://docs.stripe.com/currencies#special-cases */
const IN_HUNDREDTHS: ReadonlySet<string> = new Set(["ISK", "UGX"]);
/** Stripe takes eight digits. */
const LARGEST = 99_999_999n;

/**
 * Minor units as Stripe counts them. Throws VALIDATION_ERROR for an amount that Stripe cannot carry: of currencies with three digits, such as KWD,
 * the last one must be 0.
 */
export function toStripeAmount(amount: bigint, currency: string): number {
  const exponent = currencyExponent(currency);
  if (exponent === undefined) throw validation({ "amount.currency": "must be an ISO 4217 code such as EUR" });
  if (exponent === 3 && amount % 10n !== 0n)
    throw validation({ "amount.amount": `must end with 0: Stripe carries two digits of ${currency}` });
  const counted = IN_HUNDREDTHS.has(currency) ? amount * 100n : amount;
  if (counted > LARGEST) throw validation({ "amount.amount": `must be at most ${LARGEST} for Stripe` });
  return Number(counted);
}

export function fromStripeAmount(amount: number, currency: string): bigint {
  return IN_HUNDREDTHS.has(currency.toUpperCase()) ? BigInt(amount) / 100n : BigInt(amount);
}
