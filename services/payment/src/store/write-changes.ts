import { currentContext, newId } from "@plinth/kernel/base";
import type { Transaction } from "@plinth/kernel/database";
import type { Intent } from "../domain/intent.ts";
import type { Changes } from "../domain/payment-store.ts";
import { intentRow, operationRow, refundRow, rowsJson } from "./written-rows.ts";

/** What can change of a payment, and of an operation. */
const INTENT = [
  ...["provider", "provider_id", "state", "currency", "amount", "authorized", "captured", "refunded"],
  ...["customer_id", "fingerprint", "known", "void_wanted", "updated_at"],
];
const OPERATION = ["status", "method_token", "return_url", "refusal", "lease_until"];

/**
 * $1 tenant, $2 payment, $3 user, $4 now; $5 and $6 history, $7 operation, $8 payment, $9 refunds as rows; then the ledger: $10 currency, $11 and $12
 * its transactions, $13 to $15 their postings. What there is none of is empty. Foreign keys are checked at the statement's end.
 */
const WRITE = `
with history as (
  insert into history (tenant_id, intent_id, what, amount, user_id, at)
  select $1, $2, what, amount, $3, $4 from unnest($5::text[], $6::bigint[]) with ordinality as happening (what, amount, position) order by position
), operation as (
  insert into operations select * from jsonb_populate_recordset(null::operations, $7)
  on conflict (id) do update set ${replaced(OPERATION)}
), intent as (
  insert into intents select * from jsonb_populate_recordset(null::intents, $8)
  on conflict (id) do update set ${replaced(INTENT)}
), refunds as (
  insert into refunds select * from jsonb_populate_recordset(null::refunds, $9)
  on conflict (id) do update set status = excluded.status
), booked as (
  insert into ledger_transactions (id, tenant_id, intent_id, kind, currency, at)
  select id, $1, $2, kind, $10, $4 from unnest($11::text[], $12::text[]) as booked (id, kind)
)
insert into ledger_postings (transaction_id, tenant_id, account, amount)
select id, $1, account, amount from unnest($13::text[], $14::text[], $15::bigint[]) as posting (id, account, amount)`;

/** Writes what a decision changes about one payment, in one statement. */
export async function writeChanges(tx: Transaction, { id, tenantId, currency }: Intent, changes: Changes, now: Date): Promise<void> {
  const { intent, operation, refunds = [], ledger = [], happenings = [] } = changes;
  if (intent === undefined && operation === undefined && refunds.length + ledger.length + happenings.length === 0) return;
  const booked = ledger.map((entry) => ({ id: newId("ltx"), ...entry }));
  const postings = booked.flatMap(({ id: transactionId, postings: sides }) => sides.map((side) => ({ transactionId, ...side })));
  await tx.query(WRITE, [
    ...[tenantId, id, currentContext()?.user?.id ?? "", now],
    ...[happenings.map(({ what }) => what), happenings.map(({ amount }) => amount ?? null)],
    rowsJson(operation === undefined ? [] : [operationRow(operation)]),
    rowsJson(intent === undefined ? [] : [intentRow(intent)]),
    rowsJson(refunds.map((refund) => refundRow(tenantId, refund))),
    ...[currency, booked.map(({ id: transactionId }) => transactionId), booked.map(({ kind }) => kind)],
    ...[postings.map(({ transactionId }) => transactionId), postings.map(({ account }) => account), postings.map(({ amount }) => amount)],
  ]);
}

function replaced(columns: readonly string[]): string {
  return columns.map((column) => `${column} = excluded.${column}`).join(", ");
}
