import { rateLimited } from "@plinth/kernel/base";
import type { Transaction } from "@plinth/kernel/database";
import type { EnqueueOptions, PreparedJob } from "@plinth/kernel/jobs";
import type { Service } from "@plinth/kernel/service";
import type { Outgoing, RecipientLimit } from "../domain/delivery.ts";

/** The job that makes the attempts; its payload is the delivery's id. */
export const DELIVER_JOB = "deliver";

/**
 * Log, content, the answer of the dedupe key ("": none), which the transaction has claimed before, and the job; nothing of it where the recipient's share is
 * full: then when the oldest of those came that fill it. When that one leaves the window, there is room for one more.
 *
 * $19 when the window of the share began; infinity: there is none. $20 how many it holds, less one.
 */
const insertSql = (job: PreparedJob): string => `
with full_since as materialized (
  select created_at from deliveries
  where tenant_id = $2 and channel = $3 and recipient_key = $6 and category <> 'security' and created_at > $19
  order by created_at desc offset $20 limit 1
), logged as (
  insert into deliveries (id, tenant_id, channel, user_id, destination, recipient_key, template, template_version, category, subject, status,
    attempts, last_error, provider_id, created_at, next_attempt_at)
  select $1, $2::text, $3::text, $4, $5, $6::text, $7, $8, $9, $10, $11, $12, $13, $14, $15::timestamptz, $16::timestamptz
  where not exists (select from full_since) returning id
), answered as (
  update dedupe_keys set delivery_ids = array_append(delivery_ids, id) from logged where tenant_id = $2 and key = $18
), kept as (
  insert into delivery_contents (delivery_id, tenant_id, content, created_at) select id, $2, $17::json, $15 from logged
)
select (select created_at from full_since) as full_since, (select job.id from logged, lateral (${job.subquery(21)}) as job) as job`;

export async function insertDelivery(
  tx: Transaction,
  outlets: Pick<Service<unknown>, "prepareJob">,
  { delivery, content }: Outgoing,
  dedupeKey: string,
  limit: RecipientLimit | undefined,
): Promise<void> {
  const { id, tenantId, channel, userId, destination, recipientKey, template, templateVersion, category, subject } = delivery;
  const { status, attempts, lastError, providerId, createdAt, nextAttemptAt } = delivery;
  const job = outlets.prepareJob(tx, DELIVER_JOB, { id }, attemptAt(id, nextAttemptAt));
  const window = limit === undefined ? ["infinity", 0] : [new Date(createdAt.getTime() - limit.perMs), limit.requests - 1];
  const [row] = await tx.query<{ full_since: Date | null }>(insertSql(job), [
    ...[id, tenantId, channel, userId, destination, recipientKey, template, templateVersion, category, subject],
    ...[status, attempts, lastError, providerId, createdAt, nextAttemptAt, JSON.stringify(content), dedupeKey, ...window],
    ...job.values,
  ]);
  const since = row?.full_since ?? undefined;
  if (limit === undefined || since === undefined) return;
  throw rateLimited(`This recipient got its ${limit.requests} messages over ${channel} for now.`, {
    reason: "RECIPIENT_RATE_LIMITED",
    metadata: { channel },
    retryAfterSeconds: Math.max(1, Math.ceil((since.getTime() + limit.perMs - createdAt.getTime()) / 1000)),
  });
}

/** One job waits for each delivery. */
export function attemptAt(id: string, at: Date | null): EnqueueOptions {
  // Due already: without a time, since the database's clock may lag behind ours.
  return { uniqueKey: id, ...(at !== null && at.getTime() > Date.now() ? { runAt: at } : {}) };
}
