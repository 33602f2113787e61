import type { Page, PageRequest } from "@plinth/kernel/base";
import type { Happening, Shipment, ShipmentStatus, ShipmentWithEntity } from "./shipment.ts";

export interface Decision<T> {
  readonly result: T;
  readonly shipment?: Shipment;
  readonly happening?: Happening;
}

export interface ShipmentFilter {
  /** Empty: any. */
  readonly orderId: string;
  readonly status: ShipmentStatus | undefined;
  /** Undefined: anybody's. */
  readonly userId: string | undefined;
}

export interface PastHappening {
  readonly status: ShipmentStatus;
  readonly detail: string;
  readonly at: Date;
}

/** Where a shipment lies. */
export interface ShipmentName {
  readonly id: string;
  readonly tenantId: string;
}

export interface ShipmentStore {
  /**
   * Decides about one shipment with nobody else deciding about it at the same time. Row, history, events and audit entry are written in one
   * transaction. `decide` may run more than once. Throws NOT_FOUND, reason SHIPMENT_NOT_FOUND.
   */
  change<T>(id: string, decide: (found: ShipmentWithEntity) => Decision<T>): Promise<T>;
  findShipment(id: string): Promise<ShipmentWithEntity | undefined>;
  /** Newest first. */
  listShipments(filter: ShipmentFilter, page: PageRequest): Promise<Page<ShipmentWithEntity>>;
  /** Oldest first. */
  listHistory(id: string): Promise<PastHappening[]>;
  /** In every tenant: shipments whose label nobody buys any more. */
  listAbandoned(now: Date, limit: number): Promise<ShipmentName[]>;
  /** In every tenant. */
  findAtCarrier(carrier: string, names: { trackerId: string; carrierShipmentId: string }): Promise<ShipmentName | undefined>;
  isEventSeen(carrier: string, eventId: string): Promise<boolean>;
  noteEvent(carrier: string, eventId: string, type: string): Promise<void>;
  removeEventsBefore(moment: Date): Promise<void>;
}
