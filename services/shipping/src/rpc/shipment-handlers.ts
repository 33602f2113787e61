import { type RequestContext, runInContext, validation } from "@plinth/kernel/base";
import type { CallContext, Handlers } from "@plinth/kernel/rpc";
import type { ShippingService } from "@plinth/proto/shipping/v1/shipping_pb";
import { quote } from "../domain/quote.ts";
import type { OptionStore } from "../domain/settings-store.ts";
import { shipmentNotFound } from "../domain/shipment.ts";
import type { ShipmentStore } from "../domain/shipment-store.ts";
import type { Shipping } from "../domain/shipping.ts";
import { SHIPMENT_STATUS, wordOf } from "../messages/enums.ts";
import { quoteMessage, shipmentMessage } from "../messages/shipment-message.ts";
import type { ShipmentAccess } from "./shipment-access.ts";

type ShipmentHandlers = Pick<
  Handlers<typeof ShippingService>,
  "quoteOptions" | "getShipment" | "listShipments" | "markReady" | "shipShipment" | "markDelivered" | "cancelShipments"
>;

const PAGE_SIZE = 20;

export interface ShipmentParts {
  readonly shipping: Shipping;
  readonly shipments: ShipmentStore;
  readonly options: OptionStore;
  readonly access: ShipmentAccess;
  /** Throws as `cancelAll` does. */
  cancelShipments(orderId: string, reason: string): Promise<void>;
}

export function shipmentHandlers({ shipping, shipments, options, access, cancelShipments }: ShipmentParts): ShipmentHandlers {
  /** The shipment as it is after a call. */
  async function answer(id: string, work: () => Promise<void>) {
    await work();
    const found = await shipments.findShipment(id);
    if (found === undefined) throw shipmentNotFound(id);
    return shipmentMessage(found, true, await shipments.listHistory(id));
  }

  return {
    async quoteOptions({ country, postalCode, currency, subtotal, weightGrams, warehouseIds, optionCode }) {
      if (subtotal !== undefined && subtotal.currency !== currency) {
        throw validation({ "subtotal.currency": `must be ${currency}, as currency says` });
      }
      const request = { country, postalCode, currency, subtotal: subtotal?.amount ?? 0n, weightGrams, warehouseIds, optionCode };
      return quoteMessage(quote(request, await options.quoteFacts(request)), currency);
    },

    async getShipment({ id }, context) {
      const { found, isStaff } = await access.checkVisible(await shipments.findShipment(id), id, context);
      return shipmentMessage(found, isStaff, await shipments.listHistory(id));
    },

    async listShipments({ orderId, status, pageSize, pageToken }, context) {
      const userId = await access.ownerSeenBy(context);
      const filter = { orderId, status: wordOf(SHIPMENT_STATUS, status), userId };
      const page = await shipments.listShipments(filter, { size: pageSize || PAGE_SIZE, token: pageToken });
      return { shipments: page.items.map((each) => shipmentMessage(each, userId === undefined)), nextPageToken: page.nextPageToken };
    },

    markReady: ({ id }) => answer(id, () => shipping.markReady(id)),

    shipShipment({ id, trackingNumber, trackingUrl, carrierName }, context) {
      return runInContext(unhurried(context), () => answer(id, () => shipping.ship(id, { trackingNumber, trackingUrl, carrierName })));
    },

    markDelivered: ({ id }) => answer(id, () => shipping.markDelivered(id)),

    async cancelShipments({ orderId, reason }) {
      await cancelShipments(orderId, reason);
      return {};
    },
  };
}

/**
 * The context of work that must not be cut off half way: a label is bought perhaps, and is noted also where the caller has gone. A call that was
 * begun and not answered may be made again, with its key or without.
 */
function unhurried(context: CallContext): RequestContext {
  const { requestId, traceId, trace, module, caller, user, tenantId, clientAddress, userAgent } = context;
  return { requestId, traceId, trace, module, caller, user, tenantId, clientAddress, userAgent, signal: new AbortController().signal };
}
