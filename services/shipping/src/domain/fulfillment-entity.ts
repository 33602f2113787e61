import type { Address } from "./address.ts";

export type FulfillmentType = "warehouse" | "store" | "dropship" | "third_party";

/** Who ships the stock of a warehouse. */
export interface FulfillmentEntity {
  readonly id: string;
  readonly tenantId: string;
  readonly type: FulfillmentType;
  /** As inventory names it; `DEFAULT_WAREHOUSE` where orders name none. */
  readonly warehouseId: string;
  readonly name: string;
  /** Those that fetch parcels there; empty: all. */
  readonly carriers: readonly string[];
  /** What is ordered from this hour on, local time, goes out on the next working day; 24: always on its day. */
  readonly cutOffHour: number;
  /** IANA name. */
  readonly timeZone: string;
  /** Where parcels come from; null: not said. */
  readonly address: Address | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Stands for a warehouse that an order does not name. */
export const DEFAULT_WAREHOUSE = "default";

/** What holds where nothing was said of a warehouse. */
export interface EntityDefaults {
  readonly cutOffHour: number;
  readonly timeZone: string;
}

/** For a warehouse that has something to send before anybody said who ships there. */
export function unknownEntity(
  { id, tenantId, warehouseId }: Pick<FulfillmentEntity, "id" | "tenantId" | "warehouseId">,
  defaults: EntityDefaults,
  now: Date,
): FulfillmentEntity {
  const name = warehouseId === DEFAULT_WAREHOUSE ? "Default warehouse" : warehouseId;
  return { id, tenantId, type: "warehouse", warehouseId, name, carriers: [], ...defaults, address: null, createdAt: now, updatedAt: now };
}
