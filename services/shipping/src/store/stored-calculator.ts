import type { Amounts, Calculator } from "../domain/calculator.ts";

/** Minor units as text: JSON has no whole numbers as large. */
type StoredAmounts = Readonly<Record<string, string>>;

/** A calculator as JSON. */
export type StoredCalculator =
  | { readonly kind: "flat_rate"; readonly prices: StoredAmounts }
  | { readonly kind: "free_above"; readonly prices: StoredAmounts; readonly freeFrom: StoredAmounts };

export function storedCalculator(calculator: Calculator): string {
  return JSON.stringify(calculator, (_key, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
}

export function calculatorOf(stored: StoredCalculator): Calculator {
  switch (stored.kind) {
    case "flat_rate":
      return { kind: stored.kind, prices: amountsOf(stored.prices) };
    case "free_above":
      return { kind: stored.kind, prices: amountsOf(stored.prices), freeFrom: amountsOf(stored.freeFrom) };
  }
}

function amountsOf(stored: StoredAmounts): Amounts {
  return Object.fromEntries(Object.entries(stored).map(([currency, amount]) => [currency, BigInt(amount)]));
}
