import { conflict, newId } from "@plinth/kernel/base";
import type { Handlers } from "@plinth/kernel/rpc";
import type { OrderService } from "@plinth/proto/order/v1/order_pb";
import { orderNotFound } from "../domain/order.ts";
import { givesBack } from "../domain/order-status.ts";
import type { OrderStore } from "../domain/order-store.ts";
import { FULFILLMENT_STATUS, ORDER_SORT, ORDER_STATUS, PAYMENT_STATUS, RETURN_STATUS, wordOf } from "../messages/enums.ts";
import { noteMessage, orderMessage, refundMessage, summaryMessage } from "../messages/order-message.ts";
import type { OrderActs } from "../processes/order-acts.ts";
import { fingerprint, keyOf } from "./checkout-handlers.ts";
import { type OrderAccess, userOf } from "./order-access.ts";

type OrderHandlers = Pick<
  Handlers<typeof OrderService>,
  "getOrder" | "listOrders" | "cancelOrder" | "refundOrder" | "addNote" | "listNotes"
>;

export function orderHandlers(orders: OrderStore, acts: OrderActs, access: OrderAccess): OrderHandlers {
  return {
    async getOrder({ id, email }, context) {
      return orderMessage(await access.order(id, email, "read", context));
    },

    async listOrders(request, context) {
      const user = userOf(context);
      if (request.all) await access.checkMayListAll(context);
      const filter = {
        userId: request.all ? "" : user.id,
        customerId: request.customerId,
        email: request.email,
        number: request.number,
        status: wordOf(ORDER_STATUS, request.status),
        paymentStatus: wordOf(PAYMENT_STATUS, request.paymentStatus),
        fulfillmentStatus: wordOf(FULFILLMENT_STATUS, request.fulfillmentStatus),
        returnStatus: wordOf(RETURN_STATUS, request.returnStatus),
      };
      const sort = wordOf(ORDER_SORT, request.sort) ?? "newest";
      const page = await orders.listOrders(filter, sort, { size: request.pageSize, token: request.pageToken });
      return { orders: page.items.map(summaryMessage), nextPageToken: page.nextPageToken };
    },

    async cancelOrder({ id, reason, email }, context) {
      await access.order(id, email, "cancel", context);
      return orderMessage(await acts.cancel(id, reason));
    },

    async refundOrder({ id, lines, shipping, amount, reason }, context) {
      const wanted = lines.map(({ lineId, quantity, returned }) => ({ lineId, quantity, returned }));
      const parts = wanted.map(({ lineId, quantity, returned }) => [lineId, String(quantity), returned]);
      const asked = fingerprint([parts, shipping, amount === undefined ? "" : `${amount.amount} ${amount.currency}`, reason]);
      const request = { lines: wanted, shipping, amount, reason, key: keyOf(context) ?? "", fingerprint: asked };
      const refund = await acts.refund(id, request);
      if (!givesBack(refund)) {
        throw conflict(`The provider refused the refund: ${refund.failure}`, {
          reason: "REFUND_REFUSED",
          metadata: { refund_id: refund.id },
        });
      }
      const order = await orders.findOrder(id);
      if (order === undefined) throw orderNotFound(id);
      context.restStatus = refund.status === "pending" ? 202 : 201;
      return refundMessage(refund, order);
    },

    async addNote({ orderId, text }, context) {
      const note = { id: newId("note"), orderId, text, authorId: userOf(context).id, createdAt: new Date() };
      await orders.addNote(note);
      context.restStatus = 201;
      return noteMessage(note);
    },

    async listNotes({ orderId, pageSize, pageToken }) {
      if ((await orders.findOrder(orderId)) === undefined) throw orderNotFound(orderId);
      const page = await orders.listNotes(orderId, { size: pageSize, token: pageToken });
      return { notes: page.items.map(noteMessage), nextPageToken: page.nextPageToken };
    },
  };
}
