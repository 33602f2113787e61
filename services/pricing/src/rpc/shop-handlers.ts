import type { Handlers } from "@plinth/kernel/rpc";
import type { PricingService } from "@plinth/proto/pricing/v1/pricing_pb";
import { channelNotFound } from "../domain/channel.ts";
import type { ChannelStore } from "../domain/channel-store.ts";
import { checkDistinct, type TaxStore } from "../domain/tax-store.ts";
import { taxRoundingOf } from "../messages/enums.ts";
import { channelMessage, countryTaxRateMessage, countryTaxRateOf } from "../messages/price-message.ts";

type ShopHandlers = Pick<Handlers<typeof PricingService>, "getChannel" | "setChannel" | "setTaxRates" | "listTaxRates">;

/** What a shop sets once: channels and tax rates. */
export function shopHandlers(channels: ChannelStore, taxes: TaxStore): ShopHandlers {
  return {
    async getChannel({ code }) {
      const channel = await channels.findChannel(code);
      if (!channel) throw channelNotFound(code);
      return channelMessage(channel);
    },

    async setChannel({ code, currency, country, taxInclusive, taxRounding, warehouseId, expectedVersion }) {
      const settings = { currency, country, taxInclusive, taxRounding: taxRoundingOf(taxRounding), warehouseId };
      return channelMessage(await channels.setChannel(code, settings, expectedVersion));
    },

    async setTaxRates({ rates }) {
      const wanted = rates.map(countryTaxRateOf);
      checkDistinct(wanted);
      await taxes.setTaxRates(wanted);
      return { rates: wanted.map(countryTaxRateMessage) };
    },

    async listTaxRates({ country, pageSize, pageToken }) {
      const page = await taxes.listTaxRates(country, { size: pageSize, token: pageToken });
      return { rates: page.items.map(countryTaxRateMessage), nextPageToken: page.nextPageToken };
    },
  };
}
