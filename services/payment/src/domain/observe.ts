import { newId } from "@plinth/kernel/base";
import { INTENT_MOVES, type Intent, type IntentMove, type Refund } from "./intent.ts";
import { type LedgerEntry, ledgerEntry } from "./ledger.ts";
import type { ProviderRefund, ProviderState, ProviderStatus } from "./provider.ts";

/** Something that happened to a payment: a line of its history, and for most an event. */
export interface Happening {
  readonly what: "asked" | "requires action" | "authorized" | "captured" | "failed" | "voided" | "refunded" | "refund failed";
  readonly amount?: bigint;
  readonly refund?: Refund;
  /** Of refunds, so far: what was given back and stayed so, and what was given back once and came back to us. */
  readonly sums?: { readonly refunded: bigint; readonly failed: bigint };
  /** Why a refund failed, as the provider says. */
  readonly code?: string;
}

/** A payment as a provider's word leaves it. */
export interface Observed {
  readonly intent: Intent;
  /** New and changed ones. */
  readonly refunds: readonly Refund[];
  readonly ledger: readonly LedgerEntry[];
  readonly happenings: readonly Happening[];
}

/** A refund as it was asked for: names the one that the provider tells of. */
export interface AskedRefund {
  readonly operationId: string;
  readonly reason: string;
  readonly reference: string;
}

const MOVE_TO: Record<ProviderStatus, IntentMove> = {
  requires_action: "require action",
  authorized: "authorize",
  captured: "close",
  voided: "void",
  failed: "fail",
};

/**
 * Takes over what a provider says, and books what is new in it. The same word again changes nothing, and an older one neither: money that was
 * charged stays charged, a refund that failed stays failed, what is void stays void.
 */
export function observe(
  intent: Intent,
  refunds: readonly Refund[],
  state: ProviderState,
  asked: AskedRefund | undefined,
  now: Date,
): Observed {
  const held = withMoney(intent, state, now);
  const given = withRefunds(held.intent, refunds, state.refunds, asked, now);
  const { captured, refunded, voidWanted } = given.intent;
  return {
    intent: { ...given.intent, voidWanted: voidWanted && !(captured > 0n && refunded >= captured) },
    refunds: given.refunds,
    ledger: [...held.ledger, ...given.ledger],
    happenings: [...held.happenings, ...given.happenings],
  };
}

/**
 * The provider has something of a payment that is void here, and was asked after it had become void, so this is no old word. It is believed, so that it can
 * be let go of.
 */
export function observeVoided(intent: Intent, refunds: readonly Refund[], state: ProviderState, now: Date): Observed {
  const observed = observe({ ...intent, state: "authorizing" }, refunds, state, undefined, now);
  return { ...observed, intent: { ...observed.intent, voidWanted: true } };
}

function withMoney(intent: Intent, state: ProviderState, now: Date): Observed {
  const unchanged = { intent, refunds: [], ledger: [], happenings: [] };
  if (state.captured < intent.captured) return unchanged;
  const next = stateAfter(intent, state);
  if (next === undefined) return unchanged;
  // What was charged counts as authorized, also where a provider charged more than it had held.
  const over = state.captured - state.authorized;
  const authorized = over > 0n ? state.captured : state.authorized;
  const ledger: LedgerEntry[] = [];
  const happenings: Happening[] = [];
  const grown = authorized - intent.authorized;
  const charged = state.captured - intent.captured;
  if (grown > 0n) ledger.push(ledgerEntry("authorize", grown));
  if (charged > 0n) ledger.push(ledgerEntry("capture", charged));
  if (grown < 0n) ledger.push(ledgerEntry("release", -grown));
  if (grown > 0n && intent.authorized === 0n) happenings.push({ what: "authorized", amount: authorized });
  if (charged > 0n) happenings.push({ what: "captured", amount: charged });
  if (next !== intent.state) {
    if (next === "requires_action") happenings.push({ what: "requires action" });
    if (next === "failed") happenings.push({ what: "failed" });
    if (next === "voided") happenings.push({ what: "voided", amount: intent.authorized });
  }
  // A charge that was under way goes before a void; one that was there when the void was wanted goes back.
  const voidWanted = intent.voidWanted && (intent.captured > 0n || (state.captured === 0n && next !== "voided"));
  const same = ledger.length === 0 && happenings.length === 0 && next === intent.state && voidWanted === intent.voidWanted;
  const changed = { ...intent, state: next, authorized, captured: state.captured, known: state, voidWanted };
  return { intent: same ? { ...changed, updatedAt: intent.updatedAt } : { ...changed, updatedAt: now }, refunds: [], ledger, happenings };
}

/** Undefined where the word is older than what we know. */
function stateAfter(intent: Intent, state: ProviderState): Intent["state"] | undefined {
  const move = MOVE_TO[state.status];
  if (intent.state === state.status) return intent.state;
  if (INTENT_MOVES.allowed(intent.state, intent).includes(move)) return INTENT_MOVES.next(intent.state, move, intent);
  // Charged in one go, or while nobody looked.
  if (state.status === "captured" && INTENT_MOVES.allowed(intent.state, intent).includes("authorize")) return "captured";
  return undefined;
}

/** A later status wins; a failed refund is the last word. */
const RANK = { pending: 0, succeeded: 1, failed: 2 } as const;

function withRefunds(
  before: Intent,
  refunds: readonly Refund[],
  told: readonly ProviderRefund[],
  asked: AskedRefund | undefined,
  now: Date,
): Observed {
  const changed: Refund[] = [];
  const ledger: LedgerEntry[] = [];
  const happenings: Happening[] = [];
  let intent = before;
  let failed = refunds.reduce((sum, { status, amount }) => (status === "failed" ? sum + amount : sum), 0n);
  for (const news of told) {
    const ours = refunds.find(({ providerId }) => providerId === news.id);
    if (ours !== undefined && RANK[news.status] <= RANK[ours.status]) continue;
    const named = asked !== undefined && news.operationId === asked.operationId ? asked : UNASKED;
    const refund: Refund = ours === undefined ? newRefund(intent, news, named, now) : { ...ours, status: news.status };
    changed.push(refund);
    if (ours === undefined) {
      intent = { ...intent, refunded: intent.refunded + refund.amount, updatedAt: now };
      ledger.push(ledgerEntry("refund", refund.amount));
      happenings.push({ what: "refunded", amount: refund.amount, refund, sums: { refunded: intent.refunded, failed } });
    }
    if (refund.status === "failed") {
      intent = { ...intent, refunded: intent.refunded - refund.amount, updatedAt: now };
      failed += refund.amount;
      ledger.push(ledgerEntry("refund-failed", refund.amount));
      const sums = { refunded: intent.refunded, failed };
      happenings.push({ what: "refund failed", amount: refund.amount, refund, sums, code: news.failure ?? "" });
    }
  }
  // The provider's word is kept whole also where its status was old news.
  if (changed.length > 0 && intent.known !== null) intent = { ...intent, known: { ...intent.known, refunds: told } };
  return { intent, refunds: changed, ledger, happenings };
}

/** A refund that somebody made at the provider. */
const UNASKED = { reason: "", reference: "" };

function newRefund(intent: Intent, news: ProviderRefund, { reason, reference }: Omit<AskedRefund, "operationId">, now: Date): Refund {
  const { amount, status, id: providerId } = news;
  return { id: newId("ref"), intentId: intent.id, amount, status, providerId, reason, reference, createdAt: now };
}
