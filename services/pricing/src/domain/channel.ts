import { conflict, currencyExponent, notFound, type PlinthError, validation } from "@plinth/kernel/base";
import type { TaxRounding } from "./tax.ts";

export const DEFAULT_CHANNEL = "default";

/** What a shop decides about its channel. */
export interface ChannelSettings {
  /** Meant where no currency is named. */
  readonly currency: string;
  /** ISO 3166 alpha-2: its tax rates hold where no country is named. */
  readonly country: string;
  /** True: prices hold the tax. False: it comes on top. */
  readonly taxInclusive: boolean;
  readonly taxRounding: TaxRounding;
  /** Whose prices are meant where no warehouse is named; empty: prices that hold everywhere. */
  readonly warehouseId: string;
}

/** How a shop sells. */
export interface Channel extends ChannelSettings {
  readonly tenantId: string;
  /** Unique in the tenant. */
  readonly code: string;
  /** 1 at creation, one more with each change. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export function newChannel(tenantId: string, code: string, settings: ChannelSettings, now: Date): Channel {
  checkCurrency(settings.currency);
  return { ...settings, tenantId, code, version: 1, createdAt: now, updatedAt: now };
}

/** @param expectedVersion What the editor saw: a change made in the meantime is not overwritten. */
export function changeChannel(channel: Channel, settings: ChannelSettings, expectedVersion: number | undefined, now: Date): Channel {
  checkCurrency(settings.currency);
  const { code, version } = channel;
  if (expectedVersion !== undefined && expectedVersion !== version) {
    throw conflict(`Channel ${code} has version ${version}, not ${expectedVersion}: read it again and repeat the change.`, {
      reason: "VERSION_CONFLICT",
      metadata: { version: String(version) },
    });
  }
  return { ...channel, ...settings, version: version + 1, updatedAt: now };
}

export function channelNotFound(code: string): PlinthError {
  return notFound(`There is no channel ${code}.`, { reason: "CHANNEL_NOT_FOUND", metadata: { channel: code } });
}

/** Throws VALIDATION_ERROR on `field`. */
export function checkCurrency(currency: string, field = "currency"): void {
  if (currencyExponent(currency) === undefined) throw validation({ [field]: `must be an ISO 4217 code such as EUR; got "${currency}"` });
}
