import { TaxRounding } from "@plinth/proto/pricing/v1/pricing_pb";
import type { Shop } from "../shop.ts";
import type { WarehouseIds } from "./make-warehouses.ts";

/** Rates that stood in the countries' laws when this was written; the United States' are set by state, and left out. */
const RATES = [
  { country: "DE", taxClass: "", name: "USt.", rate: "0.19" },
  { country: "DE", taxClass: "shipping", name: "USt.", rate: "0.19" },
  { country: "DE", taxClass: "books", name: "USt. ermäßigt", rate: "0.07" },
  { country: "AT", taxClass: "", name: "USt.", rate: "0.20" },
  { country: "AT", taxClass: "shipping", name: "USt.", rate: "0.20" },
  { country: "AT", taxClass: "books", name: "USt. ermäßigt", rate: "0.10" },
  { country: "FR", taxClass: "", name: "TVA", rate: "0.20" },
  { country: "FR", taxClass: "shipping", name: "TVA", rate: "0.20" },
  { country: "FR", taxClass: "books", name: "TVA réduite", rate: "0.055" },
  { country: "JP", taxClass: "", name: "消費税", rate: "0.10" },
  { country: "JP", taxClass: "shipping", name: "消費税", rate: "0.10" },
] as const;

/** The default channel sells from Berlin in euros, and shows prices with tax. */
export async function setTaxes({ pricing }: Pick<Shop, "pricing">, warehouses: WarehouseIds): Promise<void> {
  const warehouseId = warehouses["BER-1"] ?? "";
  const channel = { code: "default", currency: "EUR", country: "DE", taxInclusive: true, taxRounding: TaxRounding.LINE, warehouseId };
  await pricing.setChannel(channel);
  await pricing.setTaxRates({ rates: [...RATES] });
}
