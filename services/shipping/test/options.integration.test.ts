import type { MessageInitShape } from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { FulfillmentType, type RateSchema } from "@plinth/proto/shipping/v1/shipping_pb";
import { type ShippingPlatform, startShipping } from "./shipping-platform.ts";

let p: ShippingPlatform;
/** A tenant for each test. */
let tenant = "";
let tenants = 0;
beforeAll(async () => {
  p = await startShipping();
});
afterAll(() => p.stop());
beforeEach(() => {
  tenant = `shop-${++tenants}`;
});

const staff = () => p.staff(tenant);
const euros = (amount: bigint) => ({ amount, currency: "EUR" });
const flat = (zone: string, amount: bigint): MessageInitShape<typeof RateSchema> => ({
  zone,
  calculator: { case: "flatRate", value: { prices: [euros(amount)] } },
});
const aQuote = { country: "DE", postalCode: "10115", currency: "EUR", subtotal: euros(2000n) };

async function world(): Promise<void> {
  await staff().setZone({ code: "eu", name: "Europe", areas: [{ country: "DE" }, { country: "AT" }] });
  await staff().setZone({ code: "islands", name: "Islands", areas: [{ country: "DE", postalPrefixes: ["25946", "2599"] }] });
  await staff().setZone({ code: "world", name: "World", restOfWorld: true });
  const value = { prices: [euros(490n), { amount: 800n, currency: "JPY" }], freeFrom: [euros(5000n)] };
  const standard = { code: "standard", name: "Standard", carrier: "manual", minDays: 1, maxDays: 3 };
  await staff().setOption({
    ...{
      ...standard,
      rates: [{ zone: "eu", calculator: { case: "freeAbove" as const, value } }, flat("islands", 990n), flat("world", 2500n)],
    },
  });
  await staff().setOption({
    code: "express",
    name: "Express",
    carrier: "manual",
    maxDays: 1,
    maxWeightGrams: 5000n,
    rates: [flat("eu", 1500n)],
  });
}

describe("a quote", () => {
  test("offers what there is for the destination, cheapest first, and says why", async () => {
    await world();
    expect(await staff().quoteOptions(aQuote)).toMatchObject({
      options: [
        {
          code: "standard",
          price: euros(490n),
          zone: "eu",
          carrier: "manual",
          minDays: 1,
          maxDays: 3,
          explanation: expect.stringContaining("free from 50.00 EUR on"),
        },
        { code: "express", price: euros(1500n), maxDays: 1 },
      ],
      refused: [],
    });
    const free = await staff().quoteOptions({ ...aQuote, subtotal: euros(5000n), optionCode: "standard" });
    expect(free.options).toMatchObject([{ code: "standard", price: euros(0n), explanation: "In zone eu: free from 50.00 EUR on." }]);
  });

  test.each([
    ["DE", "25946", "islands", 990n],
    ["DE", "25 99-7", "islands", 990n],
    ["DE", "2594", "eu", 490n],
    ["DE", "", "eu", 490n],
    ["US", "25946", "world", 2500n],
  ])("finds the zone that names %s %s most closely: %s", async (country, postalCode, zone, amount) => {
    await world();
    const { options } = await staff().quoteOptions({ ...aQuote, country, postalCode, optionCode: "standard" });
    expect(options).toMatchObject([{ zone, price: euros(amount) }]);
  });

  test("says why an option cannot be had", async () => {
    await world();
    const reasons = async (change: object) => (await staff().quoteOptions({ ...aQuote, ...change })).refused.map(({ reason }) => reason);
    expect(await reasons({ postalCode: "25946" })).toEqual(["Express cannot be had: it is not offered in zone islands."]);
    expect(await reasons({ weightGrams: 5001n })).toEqual(["Express cannot be had: it takes 5000 g at most, and the goods weigh 5001 g."]);
    expect(await reasons({ currency: "JPY", subtotal: undefined })).toEqual(["Express cannot be had: it has no price in JPY."]);
    expect(await reasons({ optionCode: "drone" })).toEqual(["There is no option drone."]);
    const entity = { warehouseId: "default", type: FulfillmentType.STORE, name: "The shop", cutOffHour: 24, timeZone: "UTC" };
    await staff().setFulfillmentEntity({ ...entity, carriers: [] });
    expect(await reasons({ warehouseIds: [""] })).toEqual([]);
    expect((await staff().listFulfillmentEntities({})).entities).toMatchObject([{ name: "The shop", type: FulfillmentType.STORE }]);
  });

  test("offers nothing where nothing is set, and what is switched off to nobody", async () => {
    expect(await staff().quoteOptions(aQuote)).toMatchObject({ options: [], refused: [] });
    await staff().setZone({ code: "eu", name: "Europe", areas: [{ country: "DE" }] });
    const option = { code: "secret", name: "Secret", carrier: "manual", rates: [flat("eu", 1n)] };
    await staff().setOption({ ...option, inactive: true });
    expect(await staff().quoteOptions(aQuote)).toMatchObject({ options: [], refused: [] });
    await staff().setOption(option);
    expect((await staff().quoteOptions(aQuote)).options).toHaveLength(1);
  });

  test("knows nothing of another tenant", async () => {
    await world();
    expect(await p.staff(`${tenant}-other`).quoteOptions(aQuote)).toMatchObject({ options: [], refused: [] });
  });
});

describe("zones and options", () => {
  test("are replaced when they are set again, and keep their id", async () => {
    await world();
    const before = await staff().getZone({ code: "eu" });
    const after = await staff().setZone({ code: "eu", name: "Germany", areas: [{ country: "DE" }] });
    expect(after).toMatchObject({ id: before.id, createdAt: before.createdAt, name: "Germany", areas: [{ country: "DE" }] });
    expect((await staff().quoteOptions({ ...aQuote, country: "AT" })).options).toMatchObject([{ zone: "world" }]);
    const option = await staff().getOption({ code: "express" });
    expect(await staff().setOption({ code: "express", name: "Faster", carrier: "manual", rates: [flat("world", 1n)] })).toMatchObject({
      ...{ id: option.id, name: "Faster", maxDays: 0, rates: [{ zone: "world" }] },
    });
    expect(await staff().getOption({ code: "express" })).toMatchObject({ rates: [flat("world", 1n)] });
  });

  test("share out the world: no place lies in two", async () => {
    await world();
    const overlap = (metadata: object) => ({ code: "CONFLICT", reason: "ZONE_OVERLAP", metadata });
    await expect(staff().setZone({ code: "dach", name: "x", areas: [{ country: "CH" }, { country: "AT" }] })).rejects.toMatchObject(
      overlap({ country: "AT", postal_prefix: "", zone: "eu" }),
    );
    await expect(staff().setZone({ code: "sylt", name: "x", areas: [{ country: "DE", postalPrefixes: ["25946"] }] })).rejects.toMatchObject(
      overlap({ country: "DE", postal_prefix: "25946", zone: "islands" }),
    );
    await expect(staff().setZone({ code: "moon", name: "x", restOfWorld: true })).rejects.toMatchObject(
      overlap({ country: "*", zone: "world" }),
    );
    expect((await staff().listZones({})).zones.map(({ code }) => code)).toEqual(["eu", "islands", "world"]);
    const made = ["a", "b", "c", "d"].map((code) => staff().setZone({ code, name: code, areas: [{ country: "FR" }] }));
    expect((await Promise.allSettled(made)).filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test("are removed, unless they are needed", async () => {
    await world();
    await expect(staff().removeZone({ code: "world" })).rejects.toMatchObject({ code: "CONFLICT", reason: "ZONE_IN_USE" });
    await staff().removeOption({ code: "standard" });
    await staff().removeZone({ code: "world" });
    await staff().removeZone({ code: "world" });
    await staff().removeOption({ code: "standard" });
    await expect(staff().getZone({ code: "world" })).rejects.toMatchObject({ code: "NOT_FOUND", reason: "ZONE_NOT_FOUND" });
    await expect(staff().getOption({ code: "standard" })).rejects.toMatchObject({ code: "NOT_FOUND", reason: "OPTION_NOT_FOUND" });
    expect((await staff().quoteOptions({ ...aQuote, country: "US" })).refused).toMatchObject([{ code: "express" }]);
  });

  test("come by pages", async () => {
    await world();
    const first = await staff().listZones({ pageSize: 2 });
    const second = await staff().listZones({ pageSize: 2, pageToken: first.nextPageToken });
    expect([...first.zones, ...second.zones].map(({ code }) => code)).toEqual(["eu", "islands", "world"]);
    expect(second.nextPageToken).toBe("");
    expect((await staff().listOptions({ pageSize: 1 })).options).toMatchObject([{ code: "express" }]);
  });
});

describe("what makes no sense", () => {
  const invalid = (field: string) => ({ code: "VALIDATION_ERROR", fieldErrors: { [field]: expect.any(String) } });
  const option = (change: object) => ({ code: "x", name: "X", carrier: "manual", rates: [flat("eu", 1n)], ...change });
  const entity = { warehouseId: "wh_1", type: FulfillmentType.WAREHOUSE, name: "W", cutOffHour: 9, timeZone: "UTC" };

  test.each([
    ["a quote to nowhere", () => staff().quoteOptions({ ...aQuote, country: "Germany" }), "country"],
    ["a quote in no currency", () => staff().quoteOptions({ ...aQuote, currency: "€" }), "currency"],
    [
      "a subtotal in another currency",
      () => staff().quoteOptions({ ...aQuote, subtotal: { amount: 1n, currency: "USD" } }),
      "subtotal.currency",
    ],
    ["a subtotal below nothing", () => staff().quoteOptions({ ...aQuote, subtotal: euros(-1n) }), "subtotal"],
    ["a weight beyond reason", () => staff().quoteOptions({ ...aQuote, weightGrams: 10n ** 18n }), "weight_grams"],
    ["a carrier that is not set up", () => staff().setOption(option({ carrier: "pigeons" })), "carrier"],
    [
      "a currency that does not exist",
      () =>
        staff().setOption(
          option({
            rates: [{ zone: "eu", calculator: { case: "flatRate" as const, value: { prices: [{ amount: 1n, currency: "XQQ" }] } } }],
          }),
        ),
      "rates[0].flat_rate",
    ],
    ["a zone code with a quote in it", () => staff().setZone({ code: "eu'--", name: "x", restOfWorld: true }), "code"],
    ["a warehouse in no time zone", () => staff().setFulfillmentEntity({ ...entity, timeZone: "Middle/Earth" }), "time_zone"],
    [
      "a warehouse with a carrier that is not set up",
      () => staff().setFulfillmentEntity({ ...entity, carriers: ["pigeons"] }),
      "carriers[0]",
    ],
    ["a cut-off after the day's end", () => staff().setFulfillmentEntity({ ...entity, cutOffHour: 25 }), "cut_off_hour"],
  ])("%s is refused by its field", async (_what, work, field) => {
    await expect(work()).rejects.toMatchObject(invalid(field));
  });

  test.each([
    ["a rate without a price", () => staff().setOption(option({ rates: [{ zone: "eu" }] }))],
    ["a price below nothing", () => staff().setOption(option({ rates: [flat("eu", -1n)] }))],
    [
      "a currency twice",
      () =>
        staff().setOption(
          option({ rates: [{ zone: "eu", calculator: { case: "flatRate" as const, value: { prices: [euros(1n), euros(2n)] } } }] }),
        ),
    ],
    ["a zone twice", () => staff().setOption(option({ rates: [flat("eu", 1n), flat("eu", 2n)] }))],
    ["days that end before they begin", () => staff().setOption(option({ minDays: 3, maxDays: 2 }))],
    ["a zone without a place", () => staff().setZone({ code: "eu", name: "x" })],
    ["a zone with a country twice", () => staff().setZone({ code: "eu", name: "x", areas: [{ country: "DE" }, { country: "DE" }] })],
  ])("%s is refused", async (_what, work) => {
    await expect(work()).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
    expect((await staff().listOptions({})).options).toEqual([]);
  });

  test("a rate in a zone that is not there leaves no trace", async () => {
    await expect(staff().setOption(option({}))).rejects.toMatchObject({
      code: "NOT_FOUND",
      reason: "ZONE_NOT_FOUND",
      metadata: { zone: "eu" },
    });
    expect((await staff().listOptions({})).options).toEqual([]);
  });

  test("texts that mean something to a database are texts", async () => {
    await world();
    const evil = "'; drop table shipping.zones; --";
    expect((await staff().quoteOptions({ ...aQuote, postalCode: evil.slice(0, 20) })).options).toHaveLength(2);
    await staff().setZone({ code: "evil", name: evil, areas: [{ country: "FR" }] });
    await expect(staff().getZone({ code: "evil" })).resolves.toMatchObject({ name: evil });
    await expect(staff().getZone({ code: evil })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(staff().getShipment({ id: evil })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(staff().listShipments({ pageToken: evil })).rejects.toMatchObject({
      code: expect.stringMatching(/VALIDATION_ERROR|BAD_REQUEST/),
    });
  });
});
