import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { QuoteOptionsResponseSchema, ShipmentSchema } from "@plinth/proto/shipping/v1/shipping_pb";
import type { Quote } from "../domain/quote.ts";
import type { ShipmentWithEntity } from "../domain/shipment.ts";
import type { PastHappening } from "../domain/shipment-store.ts";
import { SHIPMENT_STATUS } from "./enums.ts";
import { addressMessage, entityBrief } from "./setting-message.ts";

/** @param forStaff With the label: who has it can send something at the shop's expense. */
export function shipmentMessage(
  { shipment, entity }: ShipmentWithEntity,
  forStaff: boolean,
  history: readonly PastHappening[] = [],
): MessageInitShape<typeof ShipmentSchema> {
  const { id, orderId, orderNumber, customerId, userId, optionCode, carrier, carrierName, carrierService, weightGrams } = shipment;
  const { trackingNumber, trackingUrl, trackingStatus, failureReason, createdAt, updatedAt } = shipment;
  return {
    ...{ id, orderId, orderNumber, customerId, userId, optionCode, carrier, carrierName, carrierService, weightGrams },
    ...{ trackingNumber, trackingUrl, trackingStatus, failureReason, labelUrl: forStaff ? shipment.labelUrl : "" },
    ...{ createdAt: timestampFromDate(createdAt), updatedAt: timestampFromDate(updatedAt) },
    status: SHIPMENT_STATUS[shipment.status],
    fulfillmentEntity: entityBrief(entity),
    items: shipment.items.map((item) => ({ ...item })),
    address: addressMessage(shipment.address),
    ...momentOf("estimatedDelivery", shipment.estimatedDelivery),
    ...momentOf("shippedAt", shipment.shippedAt),
    ...momentOf("deliveredAt", shipment.deliveredAt),
    history: history.map(({ status, detail, at }) => ({ status: SHIPMENT_STATUS[status], detail, at: timestampFromDate(at) })),
  };
}

export function quoteMessage({ offered, refused }: Quote, currency: string): MessageInitShape<typeof QuoteOptionsResponseSchema> {
  const options = offered.map(({ option, zone, amount, explanation }) => {
    const { code, name, carrier, minDays, maxDays } = option;
    return { code, name, carrier, minDays, maxDays, zone, explanation, price: { amount, currency } };
  });
  return { options, refused: refused.map((each) => ({ ...each })) };
}

function momentOf<Field extends string>(field: Field, at: Date | null) {
  return (at === null ? {} : { [field]: timestampFromDate(at) }) as Partial<Record<Field, ReturnType<typeof timestampFromDate>>>;
}
