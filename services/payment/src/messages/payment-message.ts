import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  AuthorizedStatus as AuthorizedMessage,
  ChargedStatus as ChargedMessage,
  type DifferenceSchema,
  type LedgerTransactionSchema,
  type PaymentIntentSchema,
  RefundStatus as RefundMessage,
  State,
} from "@plinth/proto/payment/v1/payment_pb";
import type { Difference } from "../domain/difference.ts";
import {
  type AuthorizedStatus,
  authorizedStatus,
  type ChargedStatus,
  capturable,
  chargedStatus,
  type Intent,
  type IntentState,
  type Refund,
  type RefundStatus,
} from "../domain/intent.ts";
import type { BookedTransaction, PastHappening } from "../domain/payment-store.ts";

const STATE: Record<IntentState, State> = {
  authorizing: State.AUTHORIZING,
  requires_action: State.REQUIRES_ACTION,
  authorized: State.AUTHORIZED,
  captured: State.CAPTURED,
  voided: State.VOIDED,
  failed: State.FAILED,
};
const AUTHORIZED: Record<AuthorizedStatus, AuthorizedMessage> = {
  none: AuthorizedMessage.NONE,
  partial: AuthorizedMessage.PARTIAL,
  full: AuthorizedMessage.FULL,
};
const CHARGED: Record<ChargedStatus, ChargedMessage> = {
  none: ChargedMessage.NONE,
  partial: ChargedMessage.PARTIAL,
  full: ChargedMessage.FULL,
  over: ChargedMessage.OVER,
};
const REFUND: Record<RefundStatus, RefundMessage> = {
  pending: RefundMessage.PENDING,
  succeeded: RefundMessage.SUCCEEDED,
  failed: RefundMessage.FAILED,
};

/** Undefined for "not said". */
export function intentStateOf(message: State): IntentState | undefined {
  return (Object.keys(STATE) as IntentState[]).find((state) => STATE[state] === message);
}

export function intentMessage(
  intent: Intent,
  refunds: readonly Refund[] = [],
  history: readonly PastHappening[] = [],
): MessageInitShape<typeof PaymentIntentSchema> {
  const { currency, known, state } = intent;
  const money = (amount: bigint) => ({ amount, currency });
  return {
    id: intent.id,
    reference: intent.reference,
    provider: intent.provider,
    providerId: known?.id ?? "",
    state: STATE[state],
    // A reference that was voided before it arrived has no currency.
    ...(currency === ""
      ? {}
      : {
          amount: money(intent.amount),
          authorized: money(intent.authorized),
          captured: money(intent.captured),
          refunded: money(intent.refunded),
          capturable: money(capturable(intent)),
        }),
    authorizedStatus: AUTHORIZED[authorizedStatus(intent)],
    chargedStatus: CHARGED[chargedStatus(intent)],
    nextActionUrl: state === "requires_action" ? (known?.nextActionUrl ?? "") : "",
    ...(state === "failed" && known?.decline !== undefined ? { decline: known.decline } : {}),
    customerId: intent.customerId,
    refunds: refunds.map(({ id, amount, status, reason, reference, createdAt }) => ({
      id,
      amount: money(amount),
      status: REFUND[status],
      reason,
      reference,
      createdAt: timestampFromDate(createdAt),
    })),
    history: history.map(({ what, amount, at }) => ({
      what,
      at: timestampFromDate(at),
      ...(amount === null ? {} : { amount: money(amount) }),
    })),
    createdAt: timestampFromDate(intent.createdAt),
    updatedAt: timestampFromDate(intent.updatedAt),
  };
}

export function ledgerMessage({
  id,
  paymentId,
  kind,
  currency,
  at,
  postings,
}: BookedTransaction): MessageInitShape<typeof LedgerTransactionSchema> {
  const sides = postings.map(({ account, amount }) => ({ account, amount: { amount, currency } }));
  return { id, paymentId, kind, at: timestampFromDate(at), postings: sides };
}

export function differenceMessage({ currency, ours, theirs, ...named }: Difference): MessageInitShape<typeof DifferenceSchema> {
  return { ...named, ours: { amount: ours, currency }, theirs: { amount: theirs, currency } };
}
