import type { Client } from "@plinth/kernel/client";
import type { Transaction } from "@plinth/kernel/database";
import type { SagaDefinition } from "@plinth/kernel/sagas";
import type { InventoryService } from "@plinth/proto/inventory/v1/inventory_pb";
import type { PaymentService } from "@plinth/proto/payment/v1/payment_pb";
import { type ReturnedLine, returnStock } from "../neighbours/stock.ts";
import { definiteNo, STEADY } from "./tries.ts";

// What follows from a refund that was decided. Its amount is taken from what is left of the order in the transaction that begins this; it is given back
// there if the provider refuses.

export interface RefundInput {
  readonly orderId: string;
  readonly refundId: string;
  /** Minor units. */
  readonly amount: string;
  readonly currency: string;
  readonly reason: string;
  /** What came back, and goes into stock again. */
  readonly returned: readonly ReturnedLine[];
}

export interface RefundState extends RefundInput {
  /** Why the provider refused. */
  readonly refusal?: string;
}

export interface RefundPorts {
  readonly inventory: Client<typeof InventoryService>;
  readonly payments: Client<typeof PaymentService>;
  /** Notes how the provider took it, and tells of it. */
  settle(tx: Transaction, orderId: string, refundId: string, refusal: string | undefined): Promise<void>;
}

export function refundSaga(ports: RefundPorts): SagaDefinition<RefundInput, RefundState> {
  const { inventory, payments } = ports;
  return {
    name: "refund",
    begin: (input) => input,
    steps: [
      {
        name: "pay back",
        timeoutMs: 30_000,
        retry: STEADY,
        pointOfNoReturn: true,
        async call({ orderId, refundId, amount, currency, reason }, { idempotencyKey }) {
          const refund = { reference: orderId, amount: { amount: BigInt(amount), currency }, reason, refundReference: refundId };
          try {
            await payments.refund(refund, { idempotencyKey });
            return {};
          } catch (error) {
            // Payment keeps its answer to this key: a no stays one.
            return { refusal: definiteNo(error).message };
          }
        },
      },
      {
        name: "return stock",
        timeoutMs: 10_000,
        retry: STEADY,
        when: ({ returned, refusal }) => returned.length > 0 && refusal === undefined,
        call: ({ orderId, returned }, { idempotencyKey }) => returnStock(inventory, orderId, returned, idempotencyKey),
      },
      {
        name: "note refund",
        timeoutMs: 5_000,
        retry: STEADY,
        write: ({ orderId, refundId, refusal }, tx) => ports.settle(tx, orderId, refundId, refusal),
      },
    ],
  };
}
