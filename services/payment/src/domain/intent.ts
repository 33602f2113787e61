import { defineTransitions } from "@plinth/kernel/base";
import type { ProviderState } from "./provider.ts";

export type IntentState = "authorizing" | "requires_action" | "authorized" | "captured" | "voided" | "failed";

/** A payment. Amounts are minor units of its one currency. */
export interface Intent {
  readonly id: string;
  readonly tenantId: string;
  /** What its maker calls it; unique in the tenant. */
  readonly reference: string;
  /** Empty for a reference that was voided before it arrived. */
  readonly provider: string;
  readonly state: IntentState;
  readonly currency: string;
  readonly amount: bigint;
  /** Held and charged, together. */
  readonly authorized: bigint;
  /** Before refunds. */
  readonly captured: bigint;
  readonly refunded: bigint;
  readonly customerId: string;
  /** SHA-256 of the request that made it: the same request again is the same payment. */
  readonly fingerprint: string;
  /** What the provider last said; null until it said something. */
  readonly known: ProviderState | null;
  /**
   * Nothing of it may stay: somebody voided it while another call was under way, or the provider has money for what is void here. What is held is let go
   * of, and what was charged in spite of it goes back, as soon as nothing else is under way.
   */
  readonly voidWanted: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type RefundStatus = "pending" | "succeeded" | "failed";

export interface Refund {
  readonly id: string;
  readonly intentId: string;
  readonly amount: bigint;
  readonly status: RefundStatus;
  /** The provider's name for it. */
  readonly providerId: string;
  readonly reason: string;
  /** What its maker calls it; empty: nothing, or it was made at the provider. */
  readonly reference: string;
  readonly createdAt: Date;
}

export type IntentMove =
  | "authorize"
  | "require action"
  | "capture"
  | "close"
  | "release"
  | "void"
  | "fail"
  | "refund"
  | "confirm"
  | "try again";

type Amounts = Pick<Intent, "captured" | "refunded">;

const unlessCharged = ({ captured }: Amounts) => (captured > 0n ? "a part was charged" : undefined);
const unlessNothingToRefund = ({ captured, refunded }: Amounts) => (captured > refunded ? undefined : "nothing that was charged is left");

/** Which move leads where. A provider that holds money after it had declined is believed: `failed` can become `authorized`. */
export const INTENT_MOVES = defineTransitions<IntentState, IntentMove, Amounts>("payment", "PAYMENT_STATUS", {
  authorizing: { authorize: "authorized", "require action": "requires_action", fail: "failed", void: "voided" },
  requires_action: { confirm: "requires_action", authorize: "authorized", fail: "failed", void: "voided" },
  authorized: {
    capture: "authorized",
    close: "captured",
    void: { to: "voided", unless: unlessCharged },
    release: "captured",
    refund: { to: "authorized", unless: unlessNothingToRefund },
  },
  captured: { refund: { to: "captured", unless: unlessNothingToRefund } },
  voided: {},
  failed: { "try again": "authorizing", authorize: "authorized", void: "voided" },
});

export type AuthorizedStatus = "none" | "partial" | "full";
export type ChargedStatus = AuthorizedStatus | "over";

export function authorizedStatus({ amount, authorized }: Pick<Intent, "amount" | "authorized">): AuthorizedStatus {
  if (authorized <= 0n) return "none";
  return authorized < amount ? "partial" : "full";
}

/** By what stayed with us: refunds count. */
export function chargedStatus({ amount, captured, refunded }: Pick<Intent, "amount" | "captured" | "refunded">): ChargedStatus {
  const charged = captured - refunded;
  if (charged <= 0n) return "none";
  if (charged === amount) return "full";
  return charged < amount ? "partial" : "over";
}

/** Whether the provider has something of it, which is to be closed there before it is closed here. */
export function isAtProvider({ known }: Pick<Intent, "known">): boolean {
  return known !== null && known.id !== "";
}

/** What can still be captured. */
export function capturable({ state, authorized, captured }: Pick<Intent, "state" | "authorized" | "captured">): bigint {
  return state === "authorized" ? authorized - captured : 0n;
}
