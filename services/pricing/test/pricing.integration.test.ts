import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { NotSellableReason, PriceOutcome, TaxRounding } from "@plinth/proto/pricing/v1/pricing_pb";
import { type PricingPlatform, startPricingPlatform } from "./pricing-platform.ts";

let p: PricingPlatform;

beforeAll(async () => {
  p = await startPricingPlatform();
  await p.as().setTaxRates({
    rates: [
      { country: "DE", name: "VAT 19 %", rate: "0.19" },
      { country: "DE", taxClass: "reduced", name: "VAT 7 %", rate: "0.07" },
      { country: "AT", name: "VAT 20 %", rate: "0.2" },
    ],
  });
});
afterAll(() => p.stop());

const eur = (amount: bigint) => ({ amount, currency: "EUR" });
const setEur = (sku: string, amount: bigint, more: { warehouseId?: string; minQuantity?: bigint } = {}) =>
  p.as().setPrices({ prices: [{ sku, price: eur(amount), ...more }] });

describe("a price", () => {
  test("is that of the warehouse, with its tax and an explanation", async () => {
    const { productId, name, variants } = await p.heard({ name: "Shirt" });
    const sku = variants[0]?.sku ?? "";
    await setEur(sku, 1999n);
    await setEur(sku, 1799n, { warehouseId: "wh_ber" });
    await setEur(sku, 1499n, { minQuantity: 10n });
    const price = await p.as().getPrice({ productId, warehouseId: "wh_ber", quantity: 10n });
    expect(price).toMatchObject({
      ...{ sku, productId, name, warehouseId: "wh_ber", quantity: 10n, sellable: true, taxInclusive: true, weightGrams: 100 },
      ...{ unitPrice: eur(1799n), subtotal: eur(17990n), tax: eur(2872n), net: eur(15118n), gross: eur(17990n) },
      taxRate: { name: "VAT 19 %", rate: "0.19", taxClass: "standard" },
    });
    expect(price.explanation.map(({ rule, unitPrice, applied, reason }) => [rule, unitPrice?.amount, applied, reason])).toEqual([
      ["base price", 1799n, true, ""],
      ["tax", undefined, true, ""],
      ["base price", 1999n, false, "warehouse wh_ber has a price of its own"],
      ["quantity break", 1499n, false, "warehouse wh_ber has a price of its own"],
    ]);
    await expect(p.as().getPrice({ sku, quantity: 10n })).resolves.toMatchObject({ unitPrice: eur(1499n) });
    await expect(p.as().getPrice({ sku, warehouseId: "wh_none" })).resolves.toMatchObject({ unitPrice: eur(1999n) });
  });

  test("of a product is that of the cheapest of its SKUs", async () => {
    const variant = (sku: string, title: string) => ({ sku, title, taxClass: "standard", weightGrams: 1 });
    const { productId } = await p.heard({
      name: "Mug",
      variants: [variant("MUG-L", "Large"), variant("MUG-S", "Small"), variant("MUG-X", "")],
    });
    await setEur("MUG-L", 900n);
    await setEur("MUG-S", 700n);
    await expect(p.as().getPrice({ productId })).resolves.toMatchObject({ sku: "MUG-S", name: "Mug, Small", unitPrice: eur(700n) });
  });

  test("of what nobody knows is NOT_FOUND", async () => {
    await expect(p.as().getPrice({ productId: "prod_none" })).rejects.toMatchObject({ code: "NOT_FOUND", reason: "PRODUCT_NOT_FOUND" });
    await expect(p.as().getPrice({ sku: "NONE" })).rejects.toMatchObject({ code: "NOT_FOUND", reason: "SKU_NOT_FOUND" });
    const sku = await p.priced(5n);
    await expect(p.as().getPrice({ sku, channel: "none" })).rejects.toMatchObject({ code: "NOT_FOUND", reason: "CHANNEL_NOT_FOUND" });
    await expect(p.as("other").getPrice({ sku })).rejects.toMatchObject({ reason: "SKU_NOT_FOUND" });
  });

  test("of a moment is what it was then", async () => {
    const sku = await p.priced(500n);
    await p.sql("update pricing.price_changes set changed_at = '2026-01-01T00:00:00Z' where sku = $1", [sku]);
    await setEur(sku, 700n);
    const at = (day: string) => p.as().getPrice({ sku, at: timestampFromDate(new Date(`${day}T12:00:00Z`)) });
    await expect(p.as().getPrice({ sku })).resolves.toMatchObject({ unitPrice: eur(700n) });
    await expect(at("2026-01-02")).resolves.toMatchObject({ unitPrice: eur(500n) });
    await expect(at("2025-12-31")).resolves.toMatchObject({ sellable: false, reason: NotSellableReason.NO_PRICE });
    await p.as().deletePrices({ prices: [{ sku, currency: "EUR" }] });
    await expect(p.as().getPrice({ sku })).resolves.toMatchObject({ sellable: false });
    await expect(at("2026-01-02")).resolves.toMatchObject({ unitPrice: eur(500n) });
  });
});

describe("prices of many lines", () => {
  test("are answered each for itself and in their order; the totals are of those that can be sold", async () => {
    const [plain, free, reduced] = [await p.priced(1999n), await p.priced(0n), await p.priced(700n, { taxClass: "reduced" })];
    const { variants } = await p.heard({ published: false, name: "Secret" });
    const draft = variants[0]?.sku ?? "";
    await setEur(draft, 5n);
    const unpriced = (await p.heard()).variants[0]?.sku ?? "";
    const skus = [plain, "UNKNOWN", draft, unpriced, free, reduced, plain];
    const { prices, totals } = await p.as().getPrices({ items: skus.map((sku) => ({ sku, quantity: 3n })), shipping: eur(499n) });
    expect(prices.map(({ sku }) => sku)).toEqual(skus);
    expect(prices.map(({ reason }) => reason)).toEqual([0, 2, 3, 1, 0, 0, 0]);
    expect(prices.map(({ sellable, gross }) => [sellable, gross?.amount])).toEqual([
      [true, 5997n],
      [false, undefined],
      [false, undefined],
      [false, undefined],
      [true, 0n],
      [true, 2100n],
      [true, 5997n],
    ]);
    expect(prices[2]).toMatchObject({ name: "", imageUrl: "", explanation: [] });
    // 19 % within 5997 are 957.5 of it, rounded up; within 499 are 79.67. 7 % within 2100 are 137.38.
    expect(totals).toMatchObject({
      ...{ subtotal: eur(14094n), shipping: eur(499n), shippingTax: eur(80n), taxInclusive: true },
      ...{ tax: eur(958n * 2n + 137n + 80n), gross: eur(14593n), net: eur(14593n - 2133n) },
    });
    expect(totals?.taxes.map(({ rate, net, tax }) => [rate?.taxClass, net?.amount, tax?.amount])).toEqual([
      ["standard", 5039n * 2n + 419n, 958n * 2n + 80n],
      ["reduced", 1963n, 137n],
    ]);
  });

  test.each([
    [TaxRounding.UNIT, [6n, 6n]],
    [TaxRounding.LINE, [7n, 7n]],
    [TaxRounding.ORDER, [8n, 7n]],
  ])("round their tax as the channel says: %s", async (taxRounding, taxes) => {
    const sku = await p.priced(13n);
    await p.as().setChannel({ code: "b2b", currency: "EUR", country: "DE", taxInclusive: false, taxRounding });
    const items = [1, 2].map(() => ({ sku, quantity: 3n }));
    const { prices, totals } = await p.as().getPrices({ items, channel: "b2b" });
    expect(prices.map(({ tax }) => tax?.amount)).toEqual(taxes);
    const tax = taxes.reduce((sum, part) => sum + part);
    expect(totals).toMatchObject({ net: eur(78n), tax: eur(tax), gross: eur(78n + tax) });
  });

  test("are taxed as where the goods go, and where no rate is known not at all", async () => {
    const sku = await p.priced(1200n);
    const taxIn = async (country: string) => (await p.as().getPrices({ items: [{ sku }], country })).totals;
    expect(await taxIn("AT")).toMatchObject({ gross: eur(1200n), tax: eur(200n) });
    expect(await taxIn("FR")).toMatchObject({ gross: eur(1200n), tax: eur(0n), taxes: [{ rate: { name: "", rate: "0" } }] });
  });

  test("are taxed by the rate that held then", async () => {
    const rates = [
      { country: "CH", name: "VAT 7.7 %", rate: "0.077" },
      { country: "CH", name: "VAT 8.1 %", rate: "0.081", validFrom: timestampFromDate(new Date("2024-01-01T00:00:00Z")) },
    ];
    await p.as().setTaxRates({ rates });
    const sku = await p.priced(10000n);
    await p.sql("update pricing.price_changes set changed_at = '2020-01-01T00:00:00Z' where sku = $1", [sku]);
    const rateAt = async (moment?: string) =>
      (await p.as().getPrice({ sku, country: "CH", ...(moment ? { at: timestampFromDate(new Date(moment)) } : {}) })).taxRate?.rate;
    expect(await rateAt()).toBe("0.081");
    expect(await rateAt("2023-12-31T23:59:59Z")).toBe("0.077");
    const listed = await p.as().listTaxRates({ country: "CH" });
    expect(listed.rates.map(({ rate, validFrom }) => [rate, validFrom === undefined])).toEqual([
      ["0.077", true],
      ["0.081", false],
    ]);
  });

  test("in currencies of 0, 3 and 4 digits are whole minor units", async () => {
    const { variants } = await p.heard();
    const sku = variants[0]?.sku ?? "";
    const priced = (["JPY", "KWD", "CLF"] as const).map((currency) => ({ sku, price: { amount: 1999n, currency } }));
    await p.as().setPrices({ prices: priced });
    for (const { price } of priced) {
      const { totals } = await p.as().getPrices({ items: [{ sku, quantity: 3n }], currency: price.currency });
      expect(totals).toMatchObject({ gross: { amount: 5997n, currency: price.currency }, tax: { amount: 958n } });
    }
    await expect(p.as().getPrices({ items: [{ sku }], currency: "EUR" })).resolves.toMatchObject({
      prices: [{ sellable: false, reason: NotSellableReason.NO_PRICE }],
      totals: { gross: eur(0n), taxes: [] },
    });
  });

  describe("are refused", () => {
    const refusal = (fields: Record<string, unknown>, reason = "VALIDATION_ERROR") => ({
      code: "VALIDATION_ERROR",
      reason,
      fieldErrors: expect.objectContaining(fields) as object,
    });

    test("for mixed and for unknown currencies, and for what shipping cannot cost", async () => {
      const items = [{ sku: await p.priced(5n) }];
      const ask = (more: object) => p.as().getPrices({ items, ...more });
      await expect(ask({ currency: "XYZ" })).rejects.toMatchObject(refusal({ currency: expect.stringContaining("XYZ") }));
      await expect(ask({ currency: "eur" })).rejects.toMatchObject(refusal({ currency: expect.any(String) }));
      await expect(ask({ shipping: { amount: 5n, currency: "USD" } })).rejects.toMatchObject(
        refusal({ "shipping.currency": expect.stringContaining("must be EUR") }),
      );
      await expect(ask({ shipping: eur(-1n) })).rejects.toMatchObject(refusal({ "shipping.amount": expect.stringContaining("-1") }));
    });

    test("for absurd quantities, for neither and both of SKU and product, and for more than 1,000 lines", async () => {
      const ask = (item: object, count = 1) => p.as().getPrices({ items: Array.from({ length: count }, () => item) });
      await expect(ask({ sku: "A", quantity: 1_000_001n })).rejects.toMatchObject(refusal({ "items[0].quantity": expect.any(String) }));
      await expect(ask({ sku: "A", quantity: -1n })).rejects.toMatchObject(refusal({ "items[0].quantity": expect.any(String) }));
      await expect(ask({ sku: "A", productId: "B" })).rejects.toMatchObject(refusal({ "items[0]": expect.any(String) }));
      await expect(ask({})).rejects.toMatchObject(refusal({ "items[0]": expect.any(String) }));
      await expect(ask({ sku: "A" }, 1001)).rejects.toMatchObject(refusal({ items: expect.any(String) }));
    });

    test("where quantity times price leaves 64 bits, naming the line", async () => {
      const sku = await p.priced(9_223_372_036_854_775_807n);
      await expect(p.as().getPrices({ items: [{ sku }] })).resolves.toMatchObject({ totals: { gross: eur(2n ** 63n - 1n) } });
      await expect(p.as().getPrices({ items: [{ sku: await p.priced(1n) }, { sku, quantity: 1_000_000n }] })).rejects.toMatchObject(
        refusal({ "items[1].quantity": expect.stringContaining(sku) }, "AMOUNT_TOO_LARGE"),
      );
      await expect(p.as().getPrices({ items: [{ sku }, { sku }] })).rejects.toMatchObject(
        refusal({ items: expect.any(String) }, "AMOUNT_TOO_LARGE"),
      );
    });
  });
});

describe("setting prices", () => {
  test("is answered for each: what was created, updated, unchanged and refused", async () => {
    const first = await p.as().setPrices({
      prices: [
        { sku: "SET-1", price: eur(5n) },
        { sku: "SET-1", price: { amount: 5n, currency: "XYZ" } },
        { sku: "SET-1", price: eur(-5n), minQuantity: 2n },
        { sku: "SET-1", price: eur(6n) },
        { sku: "SET-2", price: eur(7n) },
      ],
    });
    expect(first.results.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      [PriceOutcome.CREATED, ""],
      [PriceOutcome.REFUSED, "UNKNOWN_CURRENCY"],
      [PriceOutcome.REFUSED, "NEGATIVE_PRICE"],
      [PriceOutcome.REFUSED, "DUPLICATE"],
      [PriceOutcome.CREATED, ""],
    ]);
    const second = await p.as().setPrices({
      prices: [
        { sku: "SET-1", price: eur(5n) },
        { sku: "SET-2", price: eur(8n) },
      ],
    });
    expect(second.results.map(({ outcome }) => outcome)).toEqual([PriceOutcome.UNCHANGED, PriceOutcome.UPDATED]);
    const { results } = await p.as().deletePrices({
      prices: [
        { sku: "SET-2", currency: "EUR" },
        { sku: "SET-9", currency: "EUR" },
        { sku: "SET-2", currency: "EUR" },
      ],
    });
    expect(results.map(({ outcome }) => outcome)).toEqual([PriceOutcome.DELETED, PriceOutcome.NOT_FOUND, PriceOutcome.REFUSED]);
    const { prices } = await p.as().listPrices({ sku: "SET-1" });
    expect(prices).toMatchObject([{ sku: "SET-1", price: eur(5n), warehouseId: "", minQuantity: 1n }]);
  });

  test("is kept in the history, told as events, and audited", async () => {
    await p.as().setPrices({ prices: [{ sku: "HIST", price: eur(5n), warehouseId: "wh_1", minQuantity: 10n }] });
    await p.as().setPrices({ prices: [{ sku: "HIST", price: eur(6n), warehouseId: "wh_1", minQuantity: 10n }] });
    await p.as().deletePrices({ prices: [{ sku: "HIST", currency: "EUR", warehouseId: "wh_1", minQuantity: 10n }] });
    const { changes } = await p.as().listPriceChanges({ sku: "HIST" });
    expect(changes.map(({ price, previous, actorId }) => [price?.amount, previous?.amount, actorId])).toEqual([
      [undefined, 6n, "user_manager"],
      [6n, 5n, "user_manager"],
      [5n, undefined, "user_manager"],
    ]);
    expect(changes[0]?.id).toMatch(/^pch_/);
    const sent = await p.sql<{ envelope: { type: string; key: string; data: Record<string, unknown> } }>(
      `select envelope from (select envelope from pricing.outbox union all select envelope from plinth_bus.log) sent
       where envelope::text like '%HIST%' order by envelope->>'eventId'`,
    );
    const told = sent.map(({ envelope: { type, key, data } }) =>
      type === "pricing.price.changed" ? [key, data.price, data.previous] : type,
    );
    const json = (amount: string) => ({ amount, currency: "EUR" });
    expect(told).toEqual([
      ["HIST", json("5"), undefined],
      "platform.audit.recorded",
      ["HIST", json("6"), json("5")],
      "platform.audit.recorded",
      ["HIST", undefined, json("6")],
      "platform.audit.recorded",
    ]);
  });

  test("by many at once keeps a history that adds up", async () => {
    const sets = Array.from({ length: 40 }, (_, index) => setEur("RACE", BigInt(1 + (index % 7))));
    await Promise.all(sets);
    const { changes } = await p.as().listPriceChanges({ sku: "RACE", pageSize: 500 });
    const oldest = changes.toReversed();
    expect(oldest[0]?.previous).toBeUndefined();
    for (const [index, change] of oldest.slice(1).entries()) expect(change.previous).toEqual(oldest[index]?.price);
    const { prices } = await p.as().listPrices({ sku: "RACE" });
    expect(prices[0]?.price).toEqual(changes[0]?.price);
  });

  test("leaves other tenants' prices alone, and they cannot be seen", async () => {
    await setEur("TENANT", 5n);
    await p.as("acme").setPrices({ prices: [{ sku: "TENANT", price: eur(9n) }] });
    await p.as("acme").deletePrices({ prices: [{ sku: "TENANT", currency: "EUR" }] });
    expect((await p.as("acme").listPrices({})).prices).toEqual([]);
    expect((await p.as("acme").listPriceChanges({ sku: "TENANT" })).changes).toHaveLength(2);
    expect((await p.as().listPriceChanges({ sku: "TENANT" })).changes).toHaveLength(1);
    expect((await p.as().listPrices({ sku: "TENANT" })).prices[0]?.price).toMatchObject(eur(5n));
    expect((await p.as("acme").listTaxRates({})).rates).toEqual([]);
  });

  test("is listed by pages without a gap", async () => {
    const prices = Array.from({ length: 7 }, (_, index) => ({ sku: "PAGED", price: eur(BigInt(index)), minQuantity: BigInt(index + 1) }));
    await p.as().setPrices({ prices });
    const seen: bigint[] = [];
    let pageToken = "";
    do {
      const page = await p.as().listPrices({ sku: "PAGED", pageSize: 3, pageToken });
      seen.push(...page.prices.map(({ minQuantity }) => minQuantity));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(seen).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n]);
  });
});

describe("a channel", () => {
  test("named default is made at its first use, by the module's settings", async () => {
    await expect(p.as("fresh").getPrices({ items: [{ sku: "X" }] })).resolves.toMatchObject({ totals: { taxInclusive: true } });
    const channel = await p.as("fresh").getChannel({ code: "default" });
    expect(channel).toMatchObject({ currency: "EUR", country: "DE", taxInclusive: true, taxRounding: TaxRounding.LINE, version: 1 });
    await expect(p.as("fresh").getChannel({ code: "none" })).rejects.toMatchObject({ reason: "CHANNEL_NOT_FOUND" });
  });

  test("says in which currency and from which warehouse a shop sells", async () => {
    const sku = (await p.heard()).variants[0]?.sku ?? "";
    await p.as().setPrices({ prices: [{ sku, price: { amount: 900n, currency: "USD" }, warehouseId: "wh_nyc" }] });
    await p.as().setChannel({ code: "us", currency: "USD", country: "US", taxRounding: TaxRounding.LINE, warehouseId: "wh_nyc" });
    await expect(p.as().getPrice({ sku, channel: "us" })).resolves.toMatchObject({
      unitPrice: { amount: 900n, currency: "USD" },
      warehouseId: "wh_nyc",
    });
  });

  test("is not overwritten by who saw an older version, nor set to what is no currency", async () => {
    const settings = { code: "v", currency: "EUR", country: "DE", taxRounding: TaxRounding.LINE };
    await expect(p.as().setChannel({ ...settings, expectedVersion: 1 })).rejects.toMatchObject({ reason: "CHANNEL_NOT_FOUND" });
    await expect(p.as().setChannel({ ...settings, currency: "XYZ" })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
    expect(await p.as().setChannel(settings)).toMatchObject({ version: 1 });
    expect(await p.as().setChannel({ ...settings, country: "AT", expectedVersion: 1 })).toMatchObject({ version: 2, country: "AT" });
    await expect(p.as().setChannel({ ...settings, expectedVersion: 1 })).rejects.toMatchObject({
      code: "CONFLICT",
      reason: "VERSION_CONFLICT",
    });
  });
});

test("tax rates beyond 0 to 1, or given twice, are refused whole", async () => {
  const rate = (text: string, taxClass = "x") => ({ country: "SE", taxClass, name: "Moms", rate: text });
  for (const text of ["1.01", "-0.1", "19", "0,19", "0.123456789", "1e-2", ""]) {
    await expect(p.as().setTaxRates({ rates: [rate(text)] })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
  }
  await expect(p.as().setTaxRates({ rates: [rate("0.1"), rate("0.2")] })).rejects.toMatchObject({
    fieldErrors: { "rates[1]": expect.stringContaining("rates[0]") },
  });
  expect((await p.as().listTaxRates({ country: "SE" })).rates).toEqual([]);
  expect((await p.as().setTaxRates({ rates: [rate("1.0"), rate("0.00", "y")] })).rates).toHaveLength(2);
});
