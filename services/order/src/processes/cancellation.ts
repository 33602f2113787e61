import { newId, unavailable } from "@plinth/kernel/base";
import type { Client } from "@plinth/kernel/client";
import type { Transaction } from "@plinth/kernel/database";
import type { SagaDefinition } from "@plinth/kernel/sagas";
import type { InventoryService } from "@plinth/proto/inventory/v1/inventory_pb";
import type { PaymentService } from "@plinth/proto/payment/v1/payment_pb";
import { type ReturnedLine, returnStock } from "../neighbours/stock.ts";
import { definiteNo, STEADY } from "./tries.ts";

// What follows from an order that was canceled. The order is canceled in the transaction that begins this, so nothing turns back: each step is tried
// until it has succeeded.

export interface CancellationInput {
  readonly orderId: string;
  readonly reason: string;
  readonly costsSomething: boolean;
}

export interface CancellationState extends CancellationInput {
  /** Minor units that went back in all; since `return money`. */
  readonly refunded?: string;
  /** What the refund will be called; absent in those that an older version began. */
  readonly refundId?: string;
}

export interface CancellationPorts {
  readonly inventory: Client<typeof InventoryService>;
  readonly payments: Client<typeof PaymentService>;
  /** Whether the checkout of the order, and each of its refunds, has come to its end. */
  isAtRest(orderId: string): Promise<boolean>;
  /** What was bought and has not been returned by a refund. */
  goodsOf(orderId: string): Promise<ReturnedLine[]>;
  /** Notes what went back, and tells of it. */
  noteRefund(tx: Transaction, orderId: string, refundId: string, refunded: bigint): Promise<void>;
}

export function cancellationSaga(ports: CancellationPorts): SagaDefinition<CancellationInput, CancellationState> {
  const { inventory, payments } = ports;
  return {
    name: "cancellation",
    begin: (input) => ({ ...input, refundId: newId("orf") }),
    steps: [
      {
        name: "await checkout",
        timeoutMs: 5_000,
        retry: STEADY,
        pointOfNoReturn: true,
        async call({ orderId }) {
          // It may be charging the payment or taking the stock at this moment, or a refund may be on its way, which returns a part of both.
          if (!(await ports.isAtRest(orderId))) throw unavailable("The checkout of the order, or a refund, has not come to its end yet.");
        },
      },
      {
        name: "return money",
        timeoutMs: 30_000,
        retry: STEADY,
        when: ({ costsSomething }) => costsSomething,
        async call({ orderId, reason, refundId = "" }, { idempotencyKey }) {
          // What is held is let go of, what was charged goes back.
          const intent = await payments.refund({ reference: orderId, reason, refundReference: refundId }, { idempotencyKey });
          return { refunded: String(intent.refunded?.amount ?? 0n) };
        },
      },
      {
        name: "return stock",
        timeoutMs: 10_000,
        retry: STEADY,
        async call({ orderId }, { idempotencyKey }) {
          try {
            await inventory.releaseReservation({ reference: orderId });
          } catch (error) {
            // It was committed: what was taken out goes in again.
            definiteNo(error);
            await returnStock(inventory, orderId, await ports.goodsOf(orderId), idempotencyKey);
          }
        },
      },
      {
        name: "note refund",
        timeoutMs: 5_000,
        retry: STEADY,
        when: ({ refunded = "0" }) => refunded !== "0",
        write: ({ orderId, refundId, refunded = "0" }, tx) => ports.noteRefund(tx, orderId, refundId ?? newId("orf"), BigInt(refunded)),
      },
    ],
  };
}
