import type { Transaction } from "@plinth/kernel/database";
import type { Outgoing } from "../domain/delivery.ts";

/** Log, content and the answer of the dedupe key ("": none), which the transaction has claimed before. */
const INSERT_SQL = `
with logged as (
  insert into deliveries (id, tenant_id, channel, user_id, destination, recipient_key, template, template_version, category, subject, status,
    attempts, last_error, provider_id, created_at, next_attempt_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
), answered as (
  update dedupe_keys set delivery_ids = array_append(delivery_ids, $1) where tenant_id = $2 and key = $18
)
insert into delivery_contents (delivery_id, tenant_id, content, created_at) values ($1, $2, $17, $15)`;

export async function insertDelivery(tx: Transaction, { delivery, content }: Outgoing, dedupeKey: string): Promise<void> {
  const { id, tenantId, channel, userId, destination, recipientKey, template, templateVersion, category, subject } = delivery;
  const { status, attempts, lastError, providerId, createdAt, nextAttemptAt } = delivery;
  await tx.query(INSERT_SQL, [
    ...[id, tenantId, channel, userId, destination, recipientKey, template, templateVersion, category, subject],
    ...[status, attempts, lastError, providerId, createdAt, nextAttemptAt, JSON.stringify(content), dedupeKey],
  ]);
}
