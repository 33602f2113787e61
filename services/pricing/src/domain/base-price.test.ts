import { expect, test } from "@jest/globals";
import { inputKey, type PriceInput, priceResults, refusedPrices } from "./base-price.ts";

const input = (amount: bigint, currency = "EUR", minQuantity = 1n): PriceInput => ({
  sku: "A",
  price: { amount, currency },
  warehouseId: "",
  minQuantity,
});

test("what cannot be a price is refused for itself, with what is wrong and how to mend it", () => {
  const refusals = refusedPrices([input(0n), input(-1n), input(1n, "XYZ"), input(5n, "EUR", 10n), input(7n)]);
  expect(refusals.map((refusal) => refusal?.reason)).toEqual([undefined, "NEGATIVE_PRICE", "UNKNOWN_CURRENCY", undefined, "DUPLICATE"]);
  expect(refusals[1]?.problem).toContain("got -1");
  expect(refusals[2]?.problem).toContain('got "XYZ"');
  expect(refusals[4]?.problem).toContain("prices[0]");
});

test("each price is answered by what became of it", () => {
  const inputs = [input(5n), input(6n, "USD"), input(7n, "JPY"), input(-1n, "CHF")];
  const keys = inputs.map(inputKey);
  const changedAt = new Date();
  const changes = [
    { ...(keys[0] as (typeof keys)[number]), amount: 5n, previous: undefined, changedAt },
    { ...(keys[1] as (typeof keys)[number]), amount: 6n, previous: 4n, changedAt },
  ];
  const outcomes = priceResults(keys, refusedPrices(inputs), changes, "unchanged").map(({ outcome }) => outcome);
  expect(outcomes).toEqual(["created", "updated", "unchanged", "refused"]);
});
