import { currencyExponent, newId, validation } from "@plinth/kernel/base";
import type { Handlers } from "@plinth/kernel/rpc";
import type { ShippingService } from "@plinth/proto/shipping/v1/shipping_pb";
import { isTimeZone } from "../domain/delivery-estimate.ts";
import { type Option, optionNotFound, type Rate } from "../domain/option.ts";
import type { EntityStore, OptionStore, ZoneStore } from "../domain/settings-store.ts";
import { type Zone, zoneNotFound } from "../domain/zone.ts";
import { FULFILLMENT_TYPE, wordOf } from "../messages/enums.ts";
import { addressOf, entityMessage, optionMessage, rateOf, zoneMessage } from "../messages/setting-message.ts";

type SettingHandlers = Pick<
  Handlers<typeof ShippingService>,
  | ("setZone" | "getZone" | "listZones" | "removeZone")
  | ("setOption" | "getOption" | "listOptions" | "removeOption")
  | ("setFulfillmentEntity" | "listFulfillmentEntities")
>;

export interface SettingStores {
  readonly zones: ZoneStore;
  readonly options: OptionStore;
  readonly entities: EntityStore;
}

/** @param carriers Names of those that are set up. */
export function settingHandlers({ zones, options, entities }: SettingStores, carriers: readonly string[]): SettingHandlers {
  function checkCarrier(field: string, carrier: string): void {
    if (carriers.includes(carrier)) return;
    throw validation({ [field]: `must be one that is set up: ${carriers.join(", ")}` }, { reason: "CARRIER_MISSING" });
  }

  return {
    async setZone({ code, name, areas, restOfWorld }, { tenantId }) {
      const now = new Date();
      const zone: Zone = { id: newId("zone"), tenantId, code, name, areas, restOfWorld, createdAt: now, updatedAt: now };
      return zoneMessage(await zones.setZone(zone));
    },

    async getZone({ code }) {
      const zone = await zones.findZone(code);
      if (zone === undefined) throw zoneNotFound(code);
      return zoneMessage(zone);
    },

    async listZones({ pageSize, pageToken }) {
      const page = await zones.listZones({ size: pageSize, token: pageToken });
      return { zones: page.items.map(zoneMessage), nextPageToken: page.nextPageToken };
    },

    async removeZone({ code }) {
      await zones.removeZone(code);
      return {};
    },

    async setOption({ code, name, carrier, carrierService, minDays, maxDays, maxWeightGrams, inactive, rates }, { tenantId }) {
      checkCarrier("carrier", carrier);
      const now = new Date();
      const option: Option = {
        ...{ id: newId("opt"), tenantId, code, name, carrier, carrierService, minDays, maxDays, maxWeightGrams, active: !inactive },
        ...{ rates: rates.map((rate, index) => checkedRate(rateOf(rate), index)), createdAt: now, updatedAt: now },
      };
      return optionMessage(await options.setOption(option));
    },

    async getOption({ code }) {
      const option = await options.findOption(code);
      if (option === undefined) throw optionNotFound(code);
      return optionMessage(option);
    },

    async listOptions({ pageSize, pageToken }) {
      const page = await options.listOptions({ size: pageSize, token: pageToken });
      return { options: page.items.map(optionMessage), nextPageToken: page.nextPageToken };
    },

    async removeOption({ code }) {
      await options.removeOption(code);
      return {};
    },

    async setFulfillmentEntity({ warehouseId, type, name, carriers: own, cutOffHour, timeZone, address }, { tenantId }) {
      for (const [index, carrier] of own.entries()) checkCarrier(`carriers[${index}]`, carrier);
      if (!isTimeZone(timeZone)) throw validation({ time_zone: "must be an IANA name such as Europe/Berlin" });
      const now = new Date();
      const entity = {
        ...{ id: newId("ful"), tenantId, type: wordOf(FULFILLMENT_TYPE, type) ?? "warehouse", warehouseId, name, carriers: own },
        ...{ cutOffHour, timeZone, address: address === undefined ? null : addressOf(address), createdAt: now, updatedAt: now },
      };
      return entityMessage(await entities.setEntity(entity));
    },

    async listFulfillmentEntities({ pageSize, pageToken }) {
      const page = await entities.listEntities({ size: pageSize, token: pageToken });
      return { entities: page.items.map(entityMessage), nextPageToken: page.nextPageToken };
    },
  };
}

function checkedRate(rate: Rate, index: number): Rate {
  const { calculator } = rate;
  const currencies = Object.keys({ ...calculator.prices, ...(calculator.kind === "free_above" ? calculator.freeFrom : {}) });
  const unknown = currencies.find((currency) => currencyExponent(currency) === undefined);
  if (unknown !== undefined) throw validation({ [`rates[${index}].${calculator.kind}`]: `${unknown} is no currency of ISO 4217` });
  return rate;
}
