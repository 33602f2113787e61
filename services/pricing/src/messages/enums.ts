import {
  NotSellableReason as NotSellableReasonMessage,
  PriceOutcome as PriceOutcomeMessage,
  TaxRounding as TaxRoundingMessage,
} from "@plinth/proto/pricing/v1/pricing_pb";
import type { PriceOutcome } from "../domain/base-price.ts";
import type { NotSellableReason } from "../domain/quote.ts";
import type { TaxRounding } from "../domain/tax.ts";

/** The domain's words on the wire. */

export const NOT_SELLABLE_REASON: Record<NotSellableReason, NotSellableReasonMessage> = {
  "no-price": NotSellableReasonMessage.NO_PRICE,
  "unknown-sku": NotSellableReasonMessage.UNKNOWN_SKU,
  "not-published": NotSellableReasonMessage.NOT_PUBLISHED,
};

export const PRICE_OUTCOME: Record<PriceOutcome, PriceOutcomeMessage> = {
  created: PriceOutcomeMessage.CREATED,
  updated: PriceOutcomeMessage.UPDATED,
  unchanged: PriceOutcomeMessage.UNCHANGED,
  refused: PriceOutcomeMessage.REFUSED,
  deleted: PriceOutcomeMessage.DELETED,
  "not-found": PriceOutcomeMessage.NOT_FOUND,
};

export const TAX_ROUNDING: Record<TaxRounding, TaxRoundingMessage> = {
  unit: TaxRoundingMessage.UNIT,
  line: TaxRoundingMessage.LINE,
  order: TaxRoundingMessage.ORDER,
};

/** The domain's word for a value that the proto's rules have checked. */
export function taxRoundingOf(value: TaxRoundingMessage): TaxRounding {
  return (Object.keys(TAX_ROUNDING) as TaxRounding[]).find((word) => TAX_ROUNDING[word] === value) ?? "line";
}
