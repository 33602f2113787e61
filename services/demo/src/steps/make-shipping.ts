import { parseMoney } from "@plinth/kernel/base";
import { FulfillmentType } from "@plinth/proto/shipping/v1/shipping_pb";
import type { Shop } from "../shop.ts";
import type { WarehouseIds } from "./make-warehouses.ts";

const ZONES = [
  { code: "europe", name: "Europe", areas: ["DE", "AT", "CH", "FR", "IT", "ES", "NL", "BE", "DK", "PL", "GB"] },
  { code: "north-america", name: "North America", areas: ["US", "CA", "MX"] },
  { code: "japan", name: "Japan", areas: ["JP"] },
] as const;
const WORLD = "world";

/** Decimal amounts by currency. */
type Amounts = Readonly<Record<string, string>>;

const STANDARD: Amounts = { EUR: "4.90", USD: "5.90", JPY: "800" };
const STANDARD_FREE_FROM: Amounts = { EUR: "60.00", USD: "70.00", JPY: "10000" };
const EXPRESS: Amounts = { EUR: "12.90", USD: "14.90", JPY: "1900" };
const ABROAD: Amounts = { EUR: "19.90", USD: "22.90", JPY: "3200" };

const ENTITIES = [
  {
    warehouse: "BER-1",
    ...{ name: "Berlin dispatch", cutOffHour: 14, timeZone: "Europe/Berlin" },
    address: { name: "Plinth Supply", line1: "Chausseestraße 1", city: "Berlin", postalCode: "10115", country: "DE" },
  },
  {
    warehouse: "NYC-1",
    ...{ name: "New York dispatch", cutOffHour: 15, timeZone: "America/New_York" },
    address: { name: "Plinth Supply", line1: "1 Water Street", city: "New York", region: "NY", postalCode: "10004", country: "US" },
  },
  {
    warehouse: "TYO-1",
    ...{ name: "Tokyo dispatch", cutOffHour: 12, timeZone: "Asia/Tokyo" },
    address: { name: "Plinth Supply", line1: "1-1 Marunouchi", city: "Tokyo", postalCode: "100-0005", country: "JP" },
  },
] as const;

/** Zones, two options, and from where parcels are sent, by which carrier. */
export async function makeShipping({ shipping }: Pick<Shop, "shipping">, warehouses: WarehouseIds, carrier: string): Promise<void> {
  for (const { code, name, areas } of ZONES) await shipping.setZone({ code, name, areas: areas.map((country) => ({ country })) });
  await shipping.setZone({ code: WORLD, name: "Everywhere else", restOfWorld: true });

  const flat = (zone: string, amounts: Amounts) => ({
    zone,
    calculator: { case: "flatRate" as const, value: { prices: pricesOf(amounts) } },
  });
  const free = (zone: string, amounts: Amounts, from: Amounts) => ({
    zone,
    calculator: { case: "freeAbove" as const, value: { prices: pricesOf(amounts), freeFrom: pricesOf(from) } },
  });
  const zones = ZONES.map(({ code }) => code);
  await shipping.setOption({
    ...{ code: "standard", name: "Standard", carrier, minDays: 2, maxDays: 4 },
    rates: [...zones.map((zone) => free(zone, STANDARD, STANDARD_FREE_FROM)), flat(WORLD, ABROAD)],
  });
  await shipping.setOption({
    ...{ code: "express", name: "Express", carrier, minDays: 1, maxDays: 1 },
    rates: zones.map((zone) => flat(zone, EXPRESS)),
  });

  for (const { warehouse, ...entity } of ENTITIES) {
    const warehouseId = warehouses[warehouse];
    if (warehouseId === undefined) continue;
    await shipping.setFulfillmentEntity({ ...entity, warehouseId, type: FulfillmentType.WAREHOUSE, carriers: [carrier] });
  }
}

function pricesOf(amounts: Amounts) {
  return Object.entries(amounts).map(([currency, amount]) => parseMoney(amount, currency));
}
