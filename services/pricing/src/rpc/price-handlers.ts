import type { Handlers } from "@plinth/kernel/rpc";
import type { PricingService } from "@plinth/proto/pricing/v1/pricing_pb";
import { duplicateKeys, inputKey, priceResults, refusedPrices } from "../domain/base-price.ts";
import type { PriceStore } from "../domain/price-store.ts";
import { basePriceMessage, priceChangeMessage, priceResultMessage } from "../messages/price-message.ts";

type PriceHandlers = Pick<Handlers<typeof PricingService>, "setPrices" | "deletePrices" | "listPrices" | "listPriceChanges">;

export function priceHandlers(prices: PriceStore): PriceHandlers {
  return {
    async setPrices(request) {
      const inputs = request.prices.map(({ sku, price, warehouseId, minQuantity }) => ({
        sku,
        price: price ?? { amount: 0n, currency: "" },
        warehouseId,
        minQuantity: minQuantity || 1n,
      }));
      const refusals = refusedPrices(inputs);
      const changes = await prices.setPrices(inputs.filter((_, index) => !refusals[index]));
      return { results: priceResults(inputs.map(inputKey), refusals, changes, "unchanged").map(priceResultMessage) };
    },

    async deletePrices(request) {
      const keys = request.prices.map(({ sku, currency, warehouseId, minQuantity }) => ({
        sku,
        currency,
        warehouseId,
        minQuantity: minQuantity || 1n,
      }));
      const refusals = duplicateKeys(keys);
      const changes = await prices.deletePrices(keys.filter((_, index) => !refusals[index]));
      return { results: priceResults(keys, refusals, changes, "not-found").map(priceResultMessage) };
    },

    async listPrices({ pageSize, pageToken, ...filter }) {
      const page = await prices.listPrices(filter, { size: pageSize, token: pageToken });
      return { prices: page.items.map(basePriceMessage), nextPageToken: page.nextPageToken };
    },

    async listPriceChanges({ pageSize, pageToken, ...filter }) {
      const page = await prices.listChanges(filter, { size: pageSize, token: pageToken });
      return { changes: page.items.map(priceChangeMessage), nextPageToken: page.nextPageToken };
    },
  };
}
