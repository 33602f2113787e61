import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { idFromUuid } from "@plinth/kernel/base";
import type {
  BasePriceSchema,
  ChannelSchema,
  CountryTaxRate as CountryTaxRateMessage,
  CountryTaxRateSchema,
  PriceChangeSchema,
  PriceResultSchema,
} from "@plinth/proto/pricing/v1/pricing_pb";
import type { BasePrice, PriceResult } from "../domain/base-price.ts";
import type { Channel } from "../domain/channel.ts";
import type { BookedChange } from "../domain/price-store.ts";
import { STANDARD_CLASS } from "../domain/tax.ts";
import type { CountryTaxRate } from "../domain/tax-store.ts";
import { PRICE_OUTCOME, TAX_ROUNDING } from "./enums.ts";

export function basePriceMessage({ amount, currency, updatedAt, ...key }: BasePrice): MessageInitShape<typeof BasePriceSchema> {
  const { sku, warehouseId, minQuantity } = key;
  return { sku, warehouseId, minQuantity, price: { amount, currency }, updatedAt: timestampFromDate(updatedAt) };
}

export function priceResultMessage({ outcome, reason, problem }: PriceResult): MessageInitShape<typeof PriceResultSchema> {
  return { outcome: PRICE_OUTCOME[outcome], reason, problem };
}

export function priceChangeMessage({ id, amount, previous, changedAt, ...same }: BookedChange): MessageInitShape<typeof PriceChangeSchema> {
  const { currency } = same;
  return {
    ...same,
    id: idFromUuid("pch", id),
    ...(amount === undefined ? {} : { price: { amount, currency } }),
    ...(previous === undefined ? {} : { previous: { amount: previous, currency } }),
    changedAt: timestampFromDate(changedAt),
  };
}

export function channelMessage({ taxRounding, createdAt, updatedAt, ...same }: Channel): MessageInitShape<typeof ChannelSchema> {
  const { code, currency, country, taxInclusive, warehouseId, version } = same;
  const times = { createdAt: timestampFromDate(createdAt), updatedAt: timestampFromDate(updatedAt) };
  return { code, currency, country, taxInclusive, warehouseId, version, taxRounding: TAX_ROUNDING[taxRounding], ...times };
}

export function countryTaxRateMessage({ validFrom, ...same }: CountryTaxRate): MessageInitShape<typeof CountryTaxRateSchema> {
  return { ...same, ...(validFrom ? { validFrom: timestampFromDate(validFrom) } : {}) };
}

export function countryTaxRateOf({ country, taxClass, name, rate, validFrom }: CountryTaxRateMessage): CountryTaxRate {
  return { country, taxClass: taxClass || STANDARD_CLASS, name, rate, validFrom: validFrom ? timestampDate(validFrom) : undefined };
}
