import type { Transaction } from "@plinth/kernel/database";
import type { Channel } from "../domain/channel.ts";
import type { Candidate } from "../domain/choose-price.ts";
import { fullName } from "../domain/product.ts";
import type { KnownSku, PriceFacts, PriceQuestion } from "../domain/quote.ts";
import type { TaxRate } from "../domain/tax.ts";
import { LINES, LINES_AT, TERMS } from "./price-sql.ts";

type TermsRow = Channel & { rates: TaxRate[] };

interface LineRow extends Omit<KnownSku, "candidates"> {
  /** Counts from 1. */
  position: string;
  title: string;
  prices: { warehouseId: string; minQuantity: string; amount: string }[];
}

/** Two statements, however many items. Undefined: there is no such channel. */
export async function findFacts(tx: Transaction, question: PriceQuestion): Promise<PriceFacts | undefined> {
  const { items, at } = question;
  const [terms] = await tx.query<TermsRow>(TERMS, [tx.tenantId, question.channel, question.country, at]);
  if (!terms) return undefined;
  const { rates, ...channel } = terms;
  const currency = question.currency || channel.currency;
  const asked = items.map((item) => ({ ...item, warehouseId: item.warehouseId || channel.warehouseId }));
  const columns = [asked.map(({ sku }) => sku), asked.map(({ productId }) => productId), asked.map(({ warehouseId }) => warehouseId)];
  const parameters = [tx.tenantId, ...columns, currency];
  const rows = await (at ? tx.query<LineRow>(LINES_AT, [...parameters, at]) : tx.query<LineRow>(LINES, parameters));
  const rowsAt = Map.groupBy(rows, ({ position }) => Number(position));
  const lines = asked.map((item, index) => ({ item, skus: (rowsAt.get(index + 1) ?? []).map(skuOf) }));
  return { channel, currency, country: question.country || channel.country, rates, lines };
}

function skuOf({ position: _position, prices, title, name, ...same }: LineRow): KnownSku {
  return { ...same, name: fullName(name, title), candidates: prices.map(candidateOf) };
}

function candidateOf({ warehouseId, minQuantity, amount }: LineRow["prices"][number]): Candidate {
  return { warehouseId, minQuantity: BigInt(minQuantity), amount: BigInt(amount) };
}
