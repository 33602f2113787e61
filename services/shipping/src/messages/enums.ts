import { FulfillmentType as FulfillmentTypeMessage, ShipmentStatus as ShipmentStatusMessage } from "@plinth/proto/shipping/v1/shipping_pb";
import type { FulfillmentType } from "../domain/fulfillment-entity.ts";
import type { ShipmentStatus } from "../domain/shipment.ts";

/** The domain's words on the wire. */

export const SHIPMENT_STATUS: Record<ShipmentStatus, ShipmentStatusMessage> = {
  pending: ShipmentStatusMessage.PENDING,
  ready: ShipmentStatusMessage.READY,
  in_transit: ShipmentStatusMessage.IN_TRANSIT,
  delivered: ShipmentStatusMessage.DELIVERED,
  failed: ShipmentStatusMessage.FAILED,
  returned: ShipmentStatusMessage.RETURNED,
  canceled: ShipmentStatusMessage.CANCELED,
};

export const FULFILLMENT_TYPE: Record<FulfillmentType, FulfillmentTypeMessage> = {
  warehouse: FulfillmentTypeMessage.WAREHOUSE,
  store: FulfillmentTypeMessage.STORE,
  dropship: FulfillmentTypeMessage.DROPSHIP,
  third_party: FulfillmentTypeMessage.THIRD_PARTY,
};

/** Undefined for "not said". */
export function wordOf<Word extends string, Message>(words: Record<Word, Message>, message: Message): Word | undefined {
  return (Object.keys(words) as Word[]).find((word) => words[word] === message);
}
