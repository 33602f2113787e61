import { describe, expect, test } from "@jest/globals";
import type { Calculator } from "./calculator.ts";
import type { Option } from "./option.ts";
import { type QuoteFacts, type QuoteRequest, quote } from "./quote.ts";

const FLAT: Calculator = { kind: "flat_rate", prices: { EUR: 490n, JPY: 800n } };
const FREE: Calculator = { kind: "free_above", prices: { EUR: 490n, KWD: 1500n }, freeFrom: { EUR: 5000n } };

function anOption(change: Partial<Omit<Option, "rates">> = {}): Omit<Option, "rates"> {
  const at = new Date();
  return {
    ...{ id: "opt_1", tenantId: "default", code: "standard", name: "Standard", carrier: "manual", carrierService: "" },
    ...{ minDays: 1, maxDays: 3, maxWeightGrams: 0n, active: true, createdAt: at, updatedAt: at },
    ...change,
  };
}
const aRequest = (change: Partial<QuoteRequest> = {}): QuoteRequest => ({
  ...{ country: "DE", postalCode: "10115", currency: "EUR", subtotal: 2000n, weightGrams: 500n, warehouseIds: [], optionCode: "" },
  ...change,
});
const facts = (change: Partial<QuoteFacts> = {}): QuoteFacts => ({
  zone: "eu",
  options: [{ option: anOption(), calculator: FLAT }],
  entities: [],
  ...change,
});
const free = () => facts({ options: [{ option: anOption(), calculator: FREE }] });

describe("an offered option says why it costs what it costs", () => {
  test.each([
    ["the same for every cart", aRequest(), facts(), 490n, "In zone eu: 4.90 EUR, whatever the cart."],
    ["in a currency without cents", aRequest({ currency: "JPY" }), facts(), 800n, "In zone eu: 800 JPY, whatever the cart."],
    [
      "below the threshold",
      aRequest({ subtotal: 4999n }),
      free(),
      490n,
      "In zone eu: 4.90 EUR; free from 50.00 EUR on, 0.01 EUR more than the cart has.",
    ],
    ["at the threshold", aRequest({ subtotal: 5000n }), free(), 0n, "In zone eu: free from 50.00 EUR on."],
    [
      "without a threshold in its currency",
      aRequest({ currency: "KWD", subtotal: 900_000n }),
      free(),
      1500n,
      "In zone eu: 1.500 KWD, whatever the cart.",
    ],
  ])("%s", (_what, request, known, amount, explanation) => {
    expect(quote(request, known)).toMatchObject({ offered: [{ zone: "eu", amount, explanation }], refused: [] });
  });
});

describe("a refused option says why", () => {
  const heavy = facts({ options: [{ option: anOption({ maxWeightGrams: 499n }), calculator: FLAT }] });
  const elsewhere = facts({ options: [{ option: anOption(), calculator: undefined }] });
  const fetched = facts({
    entities: [
      { name: "Berlin", carriers: [] },
      { name: "Hamburg", carriers: ["easypost"] },
    ],
  });
  test.each([
    ["no zone", aRequest(), facts({ zone: undefined }), "Standard cannot be had: no zone has DE."],
    ["no rate", aRequest(), elsewhere, "Standard cannot be had: it is not offered in zone eu."],
    ["no price", aRequest({ currency: "USD" }), facts(), "Standard cannot be had: it has no price in USD."],
    ["too heavy", aRequest(), heavy, "Standard cannot be had: it takes 499 g at most, and the goods weigh 500 g."],
    ["no carrier", aRequest(), fetched, "Standard cannot be had: the carrier manual does not fetch parcels at Hamburg."],
  ])("%s", (_what, request, known, reason) => {
    expect(quote(request, known)).toEqual({ offered: [], refused: [{ code: "standard", name: "Standard", reason }] });
  });

  test("unless it is not there at all", () => {
    const refused = [{ code: "drone", name: "", reason: "There is no option drone." }];
    expect(quote(aRequest({ optionCode: "drone" }), facts({ options: [] }))).toEqual({ offered: [], refused });
  });
});

test("the cheapest comes first, then the fastest", () => {
  const options = [
    { option: anOption({ code: "slow", maxDays: 9 }), calculator: FLAT },
    { option: anOption({ code: "dear" }), calculator: { kind: "flat_rate", prices: { EUR: 2000n } } as const },
    { option: anOption({ code: "quick", maxDays: 2 }), calculator: FLAT },
  ];
  expect(quote(aRequest(), facts({ options })).offered.map(({ option }) => option.code)).toEqual(["quick", "slow", "dear"]);
});
