import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PriceSchema, TotalsSchema } from "@plinth/proto/pricing/v1/pricing_pb";
import type { PricedLine, Totals } from "../domain/quote.ts";
import { NOT_SELLABLE_REASON } from "./enums.ts";

export function priceMessage(line: PricedLine, taxInclusive: boolean): MessageInitShape<typeof PriceSchema> {
  const { item, sku, taxed, reason, steps } = line;
  const { quantity, warehouseId } = item;
  const about = { quantity, warehouseId, taxInclusive, sellable: taxed !== undefined, explanation: [...steps] };
  const names = { sku: sku?.sku ?? item.sku, productId: sku?.productId ?? item.productId };
  // Guests ask too: what a draft is called is not theirs to know.
  const told = sku && reason !== "not-published" ? { name: sku.name, weightGrams: sku.weightGrams, imageUrl: sku.imageUrl } : {};
  if (!taxed) return { ...names, ...told, ...about, ...(reason ? { reason: NOT_SELLABLE_REASON[reason] } : {}) };
  const { unitPrice, subtotal, tax, net, gross, rate } = taxed;
  return { ...names, ...told, ...about, unitPrice, subtotal, tax, net, gross, taxRate: rate };
}

export function totalsMessage({ taxes, ...sums }: Totals): MessageInitShape<typeof TotalsSchema> {
  return { ...sums, taxes: [...taxes] };
}
