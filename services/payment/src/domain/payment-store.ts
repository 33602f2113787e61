import type { Page, PageRequest } from "@plinth/kernel/base";
import type { Difference } from "./difference.ts";
import type { Intent, IntentState, Refund } from "./intent.ts";
import type { LedgerEntry, LedgerKind, Posting } from "./ledger.ts";
import type { Happening } from "./observe.ts";
import type { Operation, OperationKind } from "./operation.ts";

/** A payment by its id, or by what its maker calls it. */
export type PaymentName = { readonly id: string } | { readonly reference: string };

/** An operation of a payment, by its kind and the caller's key. */
export interface OperationName {
  readonly kind: OperationKind;
  readonly key: string;
}

/** All about one payment that a decision needs. */
export interface Books {
  readonly intent: Intent;
  readonly refunds: readonly Refund[];
  /** The call that is under way. */
  readonly pending: Operation | undefined;
  /** The one with the kind and key that were asked for. */
  readonly same: Operation | undefined;
}

/** What a decision changes: rows that are there are replaced, others are added. */
export interface Changes {
  readonly intent?: Intent;
  readonly operation?: Operation;
  readonly refunds?: readonly Refund[];
  readonly ledger?: readonly LedgerEntry[];
  readonly happenings?: readonly Happening[];
}

export interface Decision<T> {
  readonly result: T;
  readonly changes?: Changes;
}

export interface BookedTransaction {
  readonly id: string;
  readonly paymentId: string;
  readonly kind: LedgerKind;
  readonly currency: string;
  readonly at: Date;
  readonly postings: readonly Posting[];
}

export interface PastHappening {
  readonly what: string;
  readonly amount: bigint | null;
  readonly at: Date;
}

export interface IntentFilter {
  readonly state?: IntentState | undefined;
  readonly customerId?: string | undefined;
}

export interface PaymentStore {
  /**
   * Decides about one payment with nobody else deciding about it at the same time; a reference is held also where there is no payment yet. Rows,
   * ledger, history, events and audit entries are written in one transaction. `decide` may run more than once.
   */
  change<T>(
    name: PaymentName,
    same: OperationName | undefined,
    decide: (books: Books | undefined, tenantId: string) => Decision<T>,
  ): Promise<T>;
  findBooks(name: PaymentName, same?: OperationName): Promise<Books | undefined>;
  /** Newest first. */
  listIntents(filter: IntentFilter, page: PageRequest): Promise<Page<Intent>>;
  /** Oldest first. */
  listHistory(intentId: string): Promise<PastHappening[]>;
  /** Newest first. */
  listLedger(paymentId: string | undefined, page: PageRequest): Promise<Page<BookedTransaction>>;
  /** In every tenant: calls that nobody works on any more, and payments to be voided with no call under way. */
  listAbandoned(now: Date, limit: number): Promise<{ intentId: string; tenantId: string }[]>;
  /** In every tenant. */
  findByProviderId(provider: string, providerId: string): Promise<{ intentId: string; tenantId: string } | undefined>;
  listMadeSince(provider: string, since: Date): Promise<Intent[]>;
  /** Those that made payments by this provider since then. */
  listTenants(provider: string, since: Date): Promise<string[]>;
  /** In the audit trail. */
  noteDifferences(differences: readonly Difference[]): Promise<void>;
  isEventSeen(provider: string, eventId: string): Promise<boolean>;
  noteEvent(provider: string, eventId: string, type: string): Promise<void>;
  removeEventsBefore(moment: Date): Promise<void>;
}
