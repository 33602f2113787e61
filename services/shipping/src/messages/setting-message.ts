import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Money } from "@plinth/proto/money/v1/money_pb";
import type {
  AddressSchema,
  FulfillmentEntitySchema,
  OptionDefinitionSchema,
  Rate as RateMessage,
  RateSchema,
  ZoneSchema,
} from "@plinth/proto/shipping/v1/shipping_pb";
import type { Address } from "../domain/address.ts";
import type { Amounts, Calculator } from "../domain/calculator.ts";
import type { FulfillmentEntity } from "../domain/fulfillment-entity.ts";
import type { Option, Rate } from "../domain/option.ts";
import type { Zone } from "../domain/zone.ts";
import { FULFILLMENT_TYPE } from "./enums.ts";

export function zoneMessage({ id, code, name, areas, restOfWorld, ...times }: Zone): MessageInitShape<typeof ZoneSchema> {
  const places = areas.map(({ country, postalPrefixes }) => ({ country, postalPrefixes: [...postalPrefixes] }));
  return { id, code, name, areas: places, restOfWorld, ...timesOf(times) };
}

export function optionMessage({
  rates,
  createdAt,
  updatedAt,
  tenantId: _,
  ...same
}: Option): MessageInitShape<typeof OptionDefinitionSchema> {
  return { ...same, rates: rates.map(rateMessage), ...timesOf({ createdAt, updatedAt }) };
}

export function entityMessage(entity: FulfillmentEntity): MessageInitShape<typeof FulfillmentEntitySchema> {
  const { carriers, cutOffHour, timeZone, address } = entity;
  return {
    ...{ ...entityBrief(entity), carriers: [...carriers], cutOffHour, timeZone, ...timesOf(entity) },
    ...(address === null ? {} : { address: addressMessage(address) }),
  };
}

/** Who it is, without how it works. */
export function entityBrief({ id, type, warehouseId, name }: FulfillmentEntity) {
  return { id, type: FULFILLMENT_TYPE[type], warehouseId, name };
}

export function addressMessage(address: Address): MessageInitShape<typeof AddressSchema> {
  return { ...address };
}

export function addressOf(message: Address): Address {
  const { name, company, line1, line2, city, region, postalCode, country, phone } = message;
  return { name, company, line1, line2, city, region, postalCode, country, phone };
}

export function rateOf({ zone, calculator }: RateMessage): Rate {
  if (calculator.case === "freeAbove") {
    const { prices, freeFrom } = calculator.value;
    return { zone, calculator: { kind: "free_above", prices: amountsOf(prices), freeFrom: amountsOf(freeFrom) } };
  }
  return { zone, calculator: { kind: "flat_rate", prices: amountsOf(calculator.value?.prices ?? []) } };
}

function rateMessage({ zone, calculator }: Rate): MessageInitShape<typeof RateSchema> {
  return { zone, calculator: calculatorMessage(calculator) };
}

function calculatorMessage(calculator: Calculator): NonNullable<MessageInitShape<typeof RateSchema>["calculator"]> {
  const prices = moneysOf(calculator.prices);
  switch (calculator.kind) {
    case "flat_rate":
      return { case: "flatRate", value: { prices } };
    case "free_above":
      return { case: "freeAbove", value: { prices, freeFrom: moneysOf(calculator.freeFrom) } };
  }
}

function amountsOf(moneys: readonly Money[]): Amounts {
  return Object.fromEntries(moneys.map(({ currency, amount }) => [currency, amount]));
}

function moneysOf(amounts: Amounts): { currency: string; amount: bigint }[] {
  return Object.entries(amounts).map(([currency, amount]) => ({ currency, amount }));
}

function timesOf({ createdAt, updatedAt }: { readonly createdAt: Date; readonly updatedAt: Date }) {
  return { createdAt: timestampFromDate(createdAt), updatedAt: timestampFromDate(updatedAt) };
}
