import { currencyExponent, type Money } from "@plinth/kernel/base";

/** Which price: a base price where `minQuantity` is 1, else a quantity break. */
export interface PriceKey {
  readonly sku: string;
  readonly currency: string;
  /** Empty: everywhere. */
  readonly warehouseId: string;
  /** From how many on it holds. */
  readonly minQuantity: bigint;
}

export interface BasePrice extends PriceKey {
  /** The price of one, in minor units. */
  readonly amount: bigint;
  readonly updatedAt: Date;
}

/** A price to be set. */
export interface PriceInput extends Omit<PriceKey, "currency"> {
  readonly price: Money;
}

/** What a change made of a price; the amounts are undefined where there is none. */
export interface PriceChange extends PriceKey {
  readonly amount: bigint | undefined;
  readonly previous: bigint | undefined;
  readonly changedAt: Date;
}

export type PriceOutcome = "created" | "updated" | "unchanged" | "refused" | "deleted" | "not-found";

export interface PriceResult {
  readonly outcome: PriceOutcome;
  /** Empty where it was not refused. */
  readonly reason: "" | "UNKNOWN_CURRENCY" | "NEGATIVE_PRICE" | "DUPLICATE";
  readonly problem: string;
}

/** One text for one price. */
export function keyOf({ sku, currency, warehouseId, minQuantity }: PriceKey): string {
  return JSON.stringify([sku, currency, warehouseId, String(minQuantity)]);
}

/** Why each of these prices cannot be set; undefined for those that can. */
export function refusedPrices(inputs: readonly PriceInput[]): (PriceResult | undefined)[] {
  const duplicates = duplicateKeys(inputs.map(inputKey));
  return inputs.map(({ price }, index) => {
    if (currencyExponent(price.currency) === undefined) {
      return refused("UNKNOWN_CURRENCY", `price.currency must be an ISO 4217 code such as EUR; got "${price.currency}"`);
    }
    if (price.amount < 0n) return refused("NEGATIVE_PRICE", `price.amount must be 0 or more minor units; got ${price.amount}`);
    return duplicates[index];
  });
}

/** Refuses what was named before in the same request. */
export function duplicateKeys(keys: readonly PriceKey[]): (PriceResult | undefined)[] {
  const firstAt = new Map<string, number>();
  return keys.map((key, index) => {
    const first = firstAt.get(keyOf(key));
    if (first === undefined) {
      firstAt.set(keyOf(key), index);
      return undefined;
    }
    return refused("DUPLICATE", `is the same SKU, currency, warehouse and min_quantity as prices[${first}]; leave one of them out`);
  });
}

export function inputKey({ sku, price: { currency }, warehouseId, minQuantity }: PriceInput): PriceKey {
  return { sku, currency, warehouseId, minQuantity };
}

/** Answers each price by what changed, else by `otherwise`; those that were refused stay so. */
export function priceResults(
  keys: readonly PriceKey[],
  refusals: readonly (PriceResult | undefined)[],
  changes: readonly PriceChange[],
  otherwise: "unchanged" | "not-found",
): PriceResult[] {
  const changeOf = new Map(changes.map((change) => [keyOf(change), change]));
  return keys.map(
    (key, index) => refusals[index] ?? { outcome: outcomeOf(changeOf.get(keyOf(key))) ?? otherwise, reason: "", problem: "" },
  );
}

function outcomeOf(change: PriceChange | undefined): PriceOutcome | undefined {
  if (change === undefined) return undefined;
  if (change.amount === undefined) return "deleted";
  return change.previous === undefined ? "created" : "updated";
}

function refused(reason: PriceResult["reason"], problem: string): PriceResult {
  return { outcome: "refused", reason, problem };
}
