import type { Transaction } from "@plinth/kernel/database";
import type { SagaRunner } from "@plinth/kernel/sagas";
import type { Order, OrderChange, Refund } from "../domain/order.ts";
import { cancelOrder } from "../domain/order-moves.ts";
import { returnedOf } from "../domain/order-status.ts";
import { type RefundRequest, refundOrder } from "../domain/refund.ts";
import type { ReturnedLine } from "../neighbours/stock.ts";
import type { CancellationInput, CancellationState } from "./cancellation.ts";
import type { RefundInput, RefundState } from "./refund.ts";

/** What people do with orders. What is decided and the process that carries it out begin in one transaction. */
export interface OrderActs {
  /** Throws NOT_FOUND, reason ORDER_NOT_FOUND; CONFLICT, reason ORDER_STATUS. */
  cancel(orderId: string, reason: string): Promise<Order>;
  /** Answers the refund as it stands once the provider has answered, or after a while. Throws as `refundOrder` does. */
  refund(orderId: string, request: RefundRequest): Promise<Refund>;
}

/** Applies a decision to a locked order, and does something more in the same transaction where it changed it. */
type ChangeOrder = <Change extends OrderChange>(
  id: string,
  decide: (order: Order) => Change,
  then: (tx: Transaction, change: Change) => Promise<unknown>,
) => Promise<Change>;

export interface ActsPorts {
  readonly change: ChangeOrder;
  findOrder(id: string): Promise<Order | undefined>;
  readonly cancellations: SagaRunner<CancellationInput, CancellationState>;
  readonly refunds: SagaRunner<RefundInput, RefundState>;
  /** How long is waited for the provider, ms. */
  waitMs(): number;
}

export function orderActs({ change, findOrder, cancellations, refunds, waitMs }: ActsPorts): OrderActs {
  return {
    async cancel(orderId, reason) {
      const { order } = await change(
        orderId,
        (order) => cancelOrder(order, reason, new Date()),
        (tx, { order }) => cancellations.start(tx, cancellationOf(order), { key: orderId }),
      );
      return order;
    },

    async refund(orderId, request) {
      const { refund } = await change(
        orderId,
        (order) => refundOrder(order, request, new Date()),
        (tx, { order, refund }) => refunds.start(tx, inputOf(order, refund), { key: refund.id }),
      );
      await refunds.resume(refund.id, { waitMs: waitMs() });
      const order = await findOrder(orderId);
      return order?.refunds.find(({ id }) => id === refund.id) ?? refund;
    },
  };
}

function cancellationOf(order: Order): CancellationInput {
  return { orderId: order.id, reason: order.cancelReason, costsSomething: order.total > 0n };
}

/** What of an order is still with its buyer, or on the shelf for them: what it had, less what refunds have brought back. */
export function keptGoods({ lines, refunds }: Pick<Order, "lines" | "refunds">): ReturnedLine[] {
  return lines.flatMap(({ id, sku, warehouseId, quantity }) => {
    const kept = quantity - returnedOf(refunds, id);
    return kept === 0n ? [] : [{ sku, warehouseId, quantity: Number(kept) }];
  });
}

function inputOf(order: Order, { id: refundId, amount, reason, lines }: Refund): RefundInput {
  const returned = lines.filter((part) => part.returned).flatMap(({ lineId, quantity }) => returnedLine(order, lineId, quantity));
  return { orderId: order.id, refundId, amount: String(amount), currency: order.currency, reason, returned };
}

function returnedLine({ lines }: Order, lineId: string, quantity: bigint): ReturnedLine[] {
  const line = lines.find(({ id }) => id === lineId);
  return line === undefined ? [] : [{ sku: line.sku, warehouseId: line.warehouseId, quantity: Number(quantity) }];
}
