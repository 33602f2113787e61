import { currentContext, newId } from "@plinth/kernel/base";
import type { Transaction } from "@plinth/kernel/database";
import type { Intent, Refund } from "../domain/intent.ts";
import type { LedgerEntry } from "../domain/ledger.ts";
import type { Happening } from "../domain/observe.ts";
import type { Operation } from "../domain/operation.ts";
import type { Changes } from "../domain/payment-store.ts";
import { storedState } from "./rows.ts";

/** Writes what a decision changes about one payment. Rows, ledger and history lie in the same transaction. */
export async function writeChanges(tx: Transaction, intent: Intent, changes: Changes, now: Date): Promise<void> {
  if (changes.intent !== undefined) await writeIntent(tx, changes.intent);
  if (changes.operation !== undefined) await writeOperation(tx, changes.operation);
  for (const refund of changes.refunds ?? []) await writeRefund(tx, intent, refund);
  if (changes.ledger !== undefined && changes.ledger.length > 0) await writeLedger(tx, intent, changes.ledger, now);
  if (changes.happenings !== undefined && changes.happenings.length > 0) await writeHistory(tx, intent, changes.happenings, now);
}

async function writeIntent(tx: Transaction, intent: Intent): Promise<void> {
  await tx.query(
    `insert into intents (id, tenant_id, reference, provider, provider_id, state, currency, amount, authorized, captured, refunded, customer_id,
       fingerprint, known, void_wanted, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
     on conflict (id) do update set provider = excluded.provider, provider_id = excluded.provider_id, state = excluded.state,
       currency = excluded.currency, amount = excluded.amount, authorized = excluded.authorized, captured = excluded.captured,
       refunded = excluded.refunded, customer_id = excluded.customer_id, fingerprint = excluded.fingerprint, known = excluded.known,
       void_wanted = excluded.void_wanted, updated_at = excluded.updated_at`,
    [
      intent.id,
      intent.tenantId,
      intent.reference,
      intent.provider,
      intent.known?.id || null,
      intent.state,
      intent.currency,
      intent.amount,
      intent.authorized,
      intent.captured,
      intent.refunded,
      intent.customerId,
      intent.fingerprint,
      intent.known === null ? null : storedState(intent.known),
      intent.voidWanted,
      intent.createdAt,
      intent.updatedAt,
    ],
  );
}

async function writeOperation(tx: Transaction, operation: Operation): Promise<void> {
  await tx.query(
    `insert into operations (id, tenant_id, intent_id, kind, key, status, amount, final, captured_before, reason, method_token, return_url,
       refusal, lease_until, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
     on conflict (id) do update set status = excluded.status, method_token = excluded.method_token, return_url = excluded.return_url,
       refusal = excluded.refusal, lease_until = excluded.lease_until`,
    [
      operation.id,
      operation.tenantId,
      operation.intentId,
      operation.kind,
      operation.key,
      operation.status,
      operation.amount,
      operation.final,
      operation.capturedBefore,
      operation.reason,
      operation.methodToken,
      operation.returnUrl,
      operation.refusal,
      operation.leaseUntil,
      operation.createdAt,
    ],
  );
}

async function writeRefund(tx: Transaction, { tenantId }: Intent, refund: Refund): Promise<void> {
  await tx.query(
    `insert into refunds (id, tenant_id, intent_id, amount, status, provider_id, reason, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (id) do update set status = excluded.status`,
    [refund.id, tenantId, refund.intentId, refund.amount, refund.status, refund.providerId, refund.reason, refund.createdAt],
  );
}

async function writeLedger(tx: Transaction, intent: Intent, entries: readonly LedgerEntry[], now: Date): Promise<void> {
  const booked = entries.map((entry) => ({ id: newId("ltx"), ...entry }));
  await tx.query(
    `insert into ledger_transactions (id, tenant_id, intent_id, kind, currency, at)
     select id, $1, $2, kind, $3, $4 from unnest($5::text[], $6::text[]) as booked (id, kind)`,
    [intent.tenantId, intent.id, intent.currency, now, booked.map(({ id }) => id), booked.map(({ kind }) => kind)],
  );
  const postings = booked.flatMap(({ id, postings: sides }) => sides.map((side) => ({ id, ...side })));
  await tx.query(
    `insert into ledger_postings (transaction_id, tenant_id, account, amount)
     select id, $1, account, amount from unnest($2::text[], $3::text[], $4::bigint[]) as posting (id, account, amount)`,
    [intent.tenantId, postings.map(({ id }) => id), postings.map(({ account }) => account), postings.map(({ amount }) => amount)],
  );
}

async function writeHistory(tx: Transaction, intent: Intent, happenings: readonly Happening[], now: Date): Promise<void> {
  await tx.query(
    `insert into history (tenant_id, intent_id, what, amount, user_id, at)
     select $1, $2, what, amount, $3, $4 from unnest($5::text[], $6::bigint[]) with ordinality as happening (what, amount, position) order by position`,
    [
      intent.tenantId,
      intent.id,
      currentContext()?.user?.id ?? "",
      now,
      happenings.map(({ what }) => what),
      happenings.map(({ amount }) => amount ?? null),
    ],
  );
}
