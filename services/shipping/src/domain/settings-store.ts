import type { Page, PageRequest } from "@plinth/kernel/base";
import type { FulfillmentEntity } from "./fulfillment-entity.ts";
import type { Option } from "./option.ts";
import type { QuoteFacts, QuoteRequest } from "./quote.ts";
import type { Zone } from "./zone.ts";

/** What shipping costs. A setting is named by its code: setting it again replaces it. */
export interface ZoneStore {
  /** Throws CONFLICT, reason ZONE_OVERLAP or TOO_MANY_ZONES. */
  setZone(zone: Zone): Promise<Zone>;
  findZone(code: string): Promise<Zone | undefined>;
  /** By code. */
  listZones(page: PageRequest): Promise<Page<Zone>>;
  /** Throws CONFLICT, reason ZONE_IN_USE. */
  removeZone(code: string): Promise<void>;
}

export interface OptionStore {
  /** Throws NOT_FOUND, reason ZONE_NOT_FOUND; CONFLICT, reason TOO_MANY_OPTIONS. */
  setOption(option: Option): Promise<Option>;
  findOption(code: string): Promise<Option | undefined>;
  /** By code. */
  listOptions(page: PageRequest): Promise<Page<Option>>;
  removeOption(code: string): Promise<void>;
  /** What a quote rests on: mostly in memory, else by one statement, however many warehouses. */
  quoteFacts(request: QuoteRequest): Promise<QuoteFacts>;
}

export interface EntityStore {
  setEntity(entity: FulfillmentEntity): Promise<FulfillmentEntity>;
  /** By warehouse. */
  listEntities(page: PageRequest): Promise<Page<FulfillmentEntity>>;
}
