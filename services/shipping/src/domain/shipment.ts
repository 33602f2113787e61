import { defineTransitions, notFound, type PlinthError, unavailable } from "@plinth/kernel/base";
import type { Address } from "./address.ts";
import type { FulfillmentEntity } from "./fulfillment-entity.ts";

export type ShipmentStatus = "pending" | "ready" | "in_transit" | "delivered" | "failed" | "returned" | "canceled";

export interface ShipmentItem {
  readonly orderLineId: string;
  readonly sku: string;
  readonly name: string;
  readonly quantity: bigint;
}

/** What one warehouse sends for one order. */
export interface Shipment {
  readonly id: string;
  readonly tenantId: string;
  readonly orderId: string;
  /** For people. */
  readonly orderNumber: string;
  /** Empty for guests, as is the user's id. */
  readonly customerId: string;
  readonly userId: string;
  readonly email: string;
  readonly locale: string;
  readonly status: ShipmentStatus;
  readonly items: readonly ShipmentItem[];
  readonly address: Address;
  /** 0: not known. */
  readonly weightGrams: bigint;
  readonly optionCode: string;
  /** Working days on the way, at most. */
  readonly maxDays: number;
  readonly carrier: string;
  /** Empty: the carrier's cheapest one. */
  readonly carrierService: string;
  /** Who really carries it, for people. */
  readonly carrierName: string;
  /** The carrier's name for it, noted before the label is bought; null before. */
  readonly carrierShipmentId: string | null;
  /** The carrier's name for what follows the parcel; null where nothing does. */
  readonly trackerId: string | null;
  readonly trackingNumber: string;
  readonly trackingUrl: string;
  readonly labelUrl: string;
  /** What the carrier said last; empty before. */
  readonly trackingStatus: string;
  /** As of when, by the carrier's clock. */
  readonly trackedAt: Date | null;
  readonly failureReason: string;
  /** Somebody buys the label, until then at the latest; null where nobody does. */
  readonly buyingUntil: Date | null;
  /** Its order was canceled while the label was being bought: it is canceled if that fails. */
  readonly cancelWanted: boolean;
  readonly estimatedDelivery: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly shippedAt: Date | null;
  readonly deliveredAt: Date | null;
}

/** A shipment with who ships it. */
export interface ShipmentWithEntity {
  readonly shipment: Shipment;
  readonly entity: FulfillmentEntity;
}

export type ShipmentMove = "get ready" | "ship" | "cancel" | "deliver" | "fail" | "return";

const whileBought = ({ buyingUntil }: Pick<Shipment, "buyingUntil">) => (buyingUntil === null ? undefined : "its label is being bought");

/** Which move leads where. A carrier that failed may still deliver, or send back; what arrived, came back or never went out stays so. */
export const SHIPMENT_MOVES = defineTransitions<ShipmentStatus, ShipmentMove, Pick<Shipment, "buyingUntil">>(
  "shipment",
  "SHIPMENT_STATUS",
  {
    pending: { "get ready": "ready", cancel: "canceled" },
    ready: { ship: "in_transit", cancel: { to: "canceled", unless: whileBought } },
    in_transit: { deliver: "delivered", fail: "failed", return: "returned" },
    failed: { deliver: "delivered", return: "returned" },
    delivered: {},
    returned: {},
    canceled: {},
  },
);

/** Something that happened to a shipment: a line of its history. `event`: others hear of it too. */
export interface Happening {
  readonly detail: string;
  readonly event?: "shipped" | "delivered" | "failed";
}

/** Whether a carrier has it, or had it. */
export function isShipped({ status }: Pick<Shipment, "status">): boolean {
  return status === "in_transit" || status === "delivered" || status === "failed" || status === "returned";
}

/** Nobody knows yet whether a carrier has it. */
export function labelInDoubt(id: string): PlinthError {
  return unavailable(`The label of shipment ${id} is being bought.`, {
    reason: "SHIPMENT_BUSY",
    metadata: { shipment_id: id },
    retryAfterSeconds: 1,
  });
}

export function shipmentNotFound(id: string): PlinthError {
  return notFound(`There is no shipment ${id}.`, { reason: "SHIPMENT_NOT_FOUND", metadata: { shipment_id: id } });
}
