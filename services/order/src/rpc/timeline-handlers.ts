import { PlinthError } from "@plinth/kernel/base";
import type { Client } from "@plinth/kernel/client";
import type { Handlers } from "@plinth/kernel/rpc";
import type { SagaRunner } from "@plinth/kernel/sagas";
import type { OrderService } from "@plinth/proto/order/v1/order_pb";
import type { PaymentIntent, PaymentService } from "@plinth/proto/payment/v1/payment_pb";
import { orderNotFound } from "../domain/order.ts";
import type { OrderStore } from "../domain/order-store.ts";
import { orderMessage } from "../messages/order-message.ts";
import { historyMessage, paymentHistory, processMessage } from "../messages/timeline-message.ts";

/** Of a process, what shows how it went. */
type Watched = Pick<SagaRunner<never, object>, "timeline">;

export interface TimelinePorts {
  readonly orders: OrderStore;
  readonly payments: Client<typeof PaymentService>;
  /** Each by the key that its sagas have: the order's id, the refund's for refunds. */
  readonly checkouts: Watched;
  readonly cancellations: Watched;
  readonly refunds: Watched;
}

export function timelineHandlers(ports: TimelinePorts): Pick<Handlers<typeof OrderService>, "getOrderTimeline"> {
  return {
    async getOrderTimeline({ id }) {
      const [order, checkout] = await Promise.all([ports.orders.findOrder(id), ports.checkouts.timeline(id)]);
      if (order === undefined && checkout === undefined) throw orderNotFound(id);
      const [history, cancellation, payment, ...refunds] = await Promise.all([
        ports.orders.listHistory(id),
        order?.canceledAt == null ? undefined : ports.cancellations.timeline(id),
        findPayment(id),
        ...(order?.refunds ?? []).map((refund) => ports.refunds.timeline(refund.id)),
      ]);
      return {
        ...(order === undefined ? {} : { order: orderMessage(order) }),
        processes: [checkout, cancellation, ...refunds].flatMap((run) => (run === undefined ? [] : [processMessage(run)])),
        history: history.map(historyMessage),
        payment: payment === undefined ? [] : paymentHistory(payment),
      };
    },
  };

  /** Of an order that costs nothing, and of a checkout that was turned back early, there is none. */
  async function findPayment(reference: string): Promise<PaymentIntent | undefined> {
    try {
      return await ports.payments.getIntent({ reference });
    } catch (error) {
      if (PlinthError.from(error).code === "NOT_FOUND") return undefined;
      throw error;
    }
  }
}
