import type { Transaction } from "@plinth/kernel/database";
import type { SagaRunner } from "@plinth/kernel/sagas";
import { type Order, type OrderChange, orderNotFound, type Refund } from "../domain/order.ts";
import { cancelOrder, shippedMeanwhile } from "../domain/order-moves.ts";
import { returnedOf } from "../domain/order-status.ts";
import { type RefundRequest, refundOrder } from "../domain/refund.ts";
import type { ReturnedLine } from "../neighbours/stock.ts";
import type { CancellationInput, CancellationState } from "./cancellation.ts";
import type { RefundInput, RefundState } from "./refund.ts";

/** What people do with orders. What is decided and the process that carries it out begin in one transaction. */
export interface OrderActs {
  /** Throws NOT_FOUND, reason ORDER_NOT_FOUND; CONFLICT, reason ORDER_STATUS; SERVICE_UNAVAILABLE while shipping does not say whether it was shipped. */
  cancel(orderId: string, reason: string): Promise<Order>;
  /** Cancels an order of which nothing will be shipped, in the caller's transaction. Throws CONFLICT, reason ORDER_STATUS. */
  cancelStopped(tx: Transaction, orderId: string, reason: string): Promise<void>;
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
  /** The same in the caller's transaction; nothing where there is no such order. */
  changeIn(tx: Transaction, orderId: string, decide: (order: Order) => OrderChange): Promise<OrderChange | undefined>;
  /** Whether nothing of the order goes to a carrier any more; false where something has. Throws SERVICE_UNAVAILABLE. */
  stopShipments(orderId: string, reason: string): Promise<boolean>;
  findOrder(id: string): Promise<Order | undefined>;
  readonly cancellations: SagaRunner<CancellationInput, CancellationState>;
  readonly refunds: SagaRunner<RefundInput, RefundState>;
  /** How long is waited for the provider, ms. */
  waitMs(): number;
}

export function orderActs({ change, changeIn, stopShipments, findOrder, cancellations, refunds, waitMs }: ActsPorts): OrderActs {
  const clearUp = (tx: Transaction, { order }: OrderChange) => cancellations.start(tx, cancellationOf(order), { key: order.id });

  return {
    async cancel(orderId, reason) {
      const found = await findOrder(orderId);
      if (found === undefined) throw orderNotFound(orderId);
      const { happenings } = cancelOrder(found, reason, new Date());
      // Shipping has the last word on what was shipped. It keeps it, so whoever does not come to the next line does so by its event.
      if (happenings.length > 0 && !(await stopShipments(orderId, reason))) throw shippedMeanwhile(found);
      const { order } = await change(orderId, (order) => cancelOrder(order, reason, new Date()), clearUp);
      return order;
    },

    async cancelStopped(tx, orderId, reason) {
      const change = await changeIn(tx, orderId, (order) => cancelOrder(order, reason, new Date()));
      if (change !== undefined && change.happenings.length > 0) await clearUp(tx, change);
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
