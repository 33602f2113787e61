import type { Transaction } from "@plinth/kernel/database";
import type { Books, OperationName, PaymentName } from "../domain/payment-store.ts";
import { type IntentRow, intentOf, type OperationJson, operationOfJson, type RefundJson, refundOfJson } from "./rows.ts";

interface BooksRow extends IntentRow {
  readonly operations: readonly OperationJson[];
  readonly refunds: readonly RefundJson[];
}

/** $1 tenant, $2 id or reference, $3 kind, $4 key. JSON's numbers are too small for amounts: they are text in it. */
const BOOKS = `
select i.*, (
    select coalesce(jsonb_agg(to_jsonb(o) || jsonb_build_object('amount', o.amount::text, 'captured_before', o.captured_before::text)), '[]')
    from operations o where o.intent_id = i.id and (o.status = 'pending' or (o.kind = $3 and o.key = $4))
  ) as operations, (
    select coalesce(jsonb_agg(to_jsonb(r) || jsonb_build_object('amount', r.amount::text) order by r.created_at, r.id), '[]')
    from refunds r where r.intent_id = i.id
  ) as refunds
from intents i where i.tenant_id = $1`;

export async function readBooks(tx: Transaction, name: PaymentName, same?: OperationName): Promise<Books | undefined> {
  const [by, value] = byName(name);
  const [row] = await tx.query<BooksRow>(`${BOOKS} and i.${by} = $2`, [tx.tenantId, value, same?.kind ?? "", same?.key ?? ""]);
  if (row === undefined) return undefined;
  const operations = row.operations.map(operationOfJson);
  return {
    intent: intentOf(row),
    refunds: row.refunds.map(refundOfJson),
    pending: operations.find(({ status }) => status === "pending"),
    same: operations.find(({ kind, key }) => kind === same?.kind && key === same.key),
  };
}

/** The same, with nobody else deciding about the payment until the transaction's end. */
export async function lockBooks(tx: Transaction, name: PaymentName, same: OperationName | undefined): Promise<Books | undefined> {
  // A payment that is not there yet has no row to lock.
  if ("reference" in name) await tx.query("select pg_advisory_xact_lock(hashtextextended($1, 24))", [`${tx.tenantId}|${name.reference}`]);
  const [by, value] = byName(name);
  const [locked] = await tx.query<{ id: string }>(`select id from intents where tenant_id = $1 and ${by} = $2 for update`, [
    tx.tenantId,
    value,
  ]);
  // Read by a statement of its own: to one that waited for the lock, other rows are as they were before it waited.
  return locked && readBooks(tx, { id: locked.id }, same);
}

function byName(name: PaymentName): readonly [by: "id" | "reference", value: string] {
  return "id" in name ? ["id", name.id] : ["reference", name.reference];
}
