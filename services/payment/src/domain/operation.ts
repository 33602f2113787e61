import { conflict, newId, validation } from "@plinth/kernel/base";
import { capturable, INTENT_MOVES, type Intent } from "./intent.ts";
import type { ProviderState } from "./provider.ts";

export type OperationKind = "authorize" | "confirm" | "capture" | "void" | "refund";

/**
 * One call to a provider. It is stored before the call and settled after it, so that whoever finds it pending knows that nobody knows; its id is
 * the provider's idempotency key. A payment has one pending operation at most.
 */
export interface Operation {
  readonly id: string;
  readonly intentId: string;
  readonly tenantId: string;
  readonly kind: OperationKind;
  /** The caller's own name of it: the same again is the same operation. */
  readonly key: string;
  readonly status: "pending" | "done" | "refused";
  /** Of captures and refunds, minor units; 0 otherwise. */
  readonly amount: bigint;
  readonly final: boolean;
  /** What the payment had been charged before: tells afterwards whether a capture took place. */
  readonly capturedBefore: bigint;
  readonly reason: string;
  /** Of refunds: what the caller calls it. */
  readonly refundReference: string;
  /** Of authorizations, while they are pending. */
  readonly methodToken: string;
  readonly returnUrl: string;
  /** Of authorizations: the declined try that it takes the place of and that is closed first, `<provider>/<its name there>`; empty where there is none. */
  readonly replaces: string;
  /** Why the provider would not. */
  readonly refusal: string;
  /** Until then it belongs to whoever began it. */
  readonly leaseUntil: Date;
  readonly createdAt: Date;
}

export interface OperationRequest {
  readonly kind: OperationKind;
  readonly key: string;
  readonly amount?: bigint;
  readonly final?: boolean;
  readonly reason?: string;
  readonly refundReference?: string;
  readonly methodToken?: string;
  readonly returnUrl?: string;
  readonly replaces?: string;
}

export function newOperation(intent: Intent, request: OperationRequest, now: Date, leaseMs: number): Operation {
  return {
    id: newId("pop"),
    intentId: intent.id,
    tenantId: intent.tenantId,
    kind: request.kind,
    key: request.key,
    status: "pending",
    amount: request.amount ?? 0n,
    final: request.final ?? false,
    capturedBefore: intent.captured,
    reason: request.reason ?? "",
    refundReference: request.refundReference ?? "",
    methodToken: request.methodToken ?? "",
    returnUrl: request.returnUrl ?? "",
    replaces: request.replaces ?? "",
    refusal: "",
    leaseUntil: new Date(now.getTime() + leaseMs),
    createdAt: now,
  };
}

/** Done, and without what only the call needed. */
export function settled(operation: Operation): Operation {
  return { ...operation, status: "done", methodToken: "", returnUrl: "" };
}

export function refused(operation: Operation, why: string): Operation {
  return { ...operation, status: "refused", refusal: why, methodToken: "", returnUrl: "" };
}

/** Whether what the provider says shows that it did this. Confirmations leave no trace of their own: telling how it stands is all they are for. */
export function isDoneIn(state: ProviderState, operation: Operation): boolean {
  switch (operation.kind) {
    case "authorize":
      return true;
    case "confirm":
      return state.status !== "requires_action";
    case "capture":
      return state.captured >= operation.capturedBefore + operation.amount;
    case "void":
      // A declined one is still open there: its customer may go on with another method.
      return state.status === "voided" || state.status === "captured";
    case "refund":
      return state.refunds.some(({ operationId }) => operationId === operation.id);
  }
}

/** @param amount All that is held where undefined. Throws CONFLICT, reason PAYMENT_STATUS or AMOUNT_TOO_LARGE. */
export function captureOf(intent: Intent, amount: bigint | undefined, final: boolean): { amount: bigint; final: boolean } {
  INTENT_MOVES.next(intent.state, "capture", intent);
  const available = capturable(intent);
  const wanted = amount ?? available;
  if (wanted > available) throw tooLarge("captured", wanted, available);
  return { amount: wanted, final: final || wanted === available || intent.known?.severalCaptures === false };
}

/** @param amount All that was charged where undefined. Throws CONFLICT, reason PAYMENT_STATUS or AMOUNT_TOO_LARGE. */
export function refundOf(intent: Intent, amount: bigint | undefined): bigint {
  INTENT_MOVES.next(intent.state, "refund", intent);
  const available = intent.captured - intent.refunded;
  const wanted = amount ?? available;
  if (wanted > available) throw tooLarge("refunded", wanted, available);
  return wanted;
}

/** Throws VALIDATION_ERROR, reason IDEMPOTENCY_CONFLICT, where a key comes again with another request. */
export function checkSame(operation: Operation, request: { amount: bigint | undefined }): void {
  if (request.amount === undefined || request.amount === operation.amount) return;
  throw validation(
    { "Idempotency-Key": "was used for another amount; take a new key for a new request" },
    { reason: "IDEMPOTENCY_CONFLICT" },
  );
}

function tooLarge(what: string, wanted: bigint, available: bigint): Error {
  return conflict(`${wanted} cannot be ${what}: ${available} are available.`, {
    reason: "AMOUNT_TOO_LARGE",
    metadata: { available: String(available) },
  });
}
