import { randomBytes } from "node:crypto";

/** As EasyPost has it; what is not known is absent. */
export type Address = Readonly<Record<string, string>>;

export interface Rate {
  readonly id: string;
  readonly carrier: string;
  readonly service: string;
  /** Decimal, in US dollars. */
  readonly rate: string;
  readonly deliveryDays: number;
}

export interface Shipment {
  readonly id: string;
  readonly createdAt: string;
  readonly reference: string;
  readonly to: Address;
  readonly from: Address;
  /** Ounces. */
  readonly weight: number;
  readonly rates: readonly Rate[];
  /** Why carriers offer nothing. */
  readonly messages: readonly { readonly carrier: string; readonly type: string; readonly message: string }[];
  /** Of the label that was bought. */
  selectedRate: Rate | undefined;
  trackerId: string | undefined;
}

export interface TrackingDetail {
  readonly status: string;
  readonly message: string;
  readonly datetime: string;
}

export interface Tracker {
  readonly id: string;
  readonly createdAt: string;
  readonly shipmentId: string;
  readonly trackingCode: string;
  readonly carrier: string;
  status: string;
  updatedAt: string;
  estimatedDelivery: string;
  /** Oldest first. */
  readonly details: TrackingDetail[];
}

/** One account at EasyPost: newest last. */
export interface Account {
  readonly shipments: Map<string, Shipment>;
  readonly trackers: Map<string, Tracker>;
  /** Tells of a change of a tracker, and of what it was before. */
  emit(description: string, tracker: Tracker, previousStatus: string): void;
}

export function createAccount(emit: Account["emit"]): Account {
  return { shipments: new Map(), trackers: new Map(), emit };
}

/** `shp_9b0c…`, as long as EasyPost's. */
export function newId(prefix: string): string {
  return `${prefix}_${randomBytes(16).toString("hex")}`;
}
