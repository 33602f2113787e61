import { listEntityPage, type Transaction } from "@plinth/kernel/database";
import type { Service } from "@plinth/kernel/service";
import type { Content, Delivery, DeliveryStore } from "../domain/delivery.ts";
import { DeliveryEntity } from "./entities.ts";
import { attemptAt, DELIVER_JOB, insertDelivery } from "./insert-delivery.ts";

/** The parts of a service through which work leaves a transaction. */
export type Outlets = Pick<Service<unknown>, "publish" | "audit" | "enqueue" | "prepareJob">;

const NEWEST_FIRST = [
  { by: "createdAt", direction: "desc" },
  { by: "id", direction: "desc" },
] as const;

/** How long a dedupe key is known. */
export const KEY_LIFE_MS = 24 * 60 * 60_000;

/**
 * The key first, then the recipients in one order. No row: the key has its answer. That is a statement of its own: one that waited for a recipient and
 * looked at the share would look at what there was before it waited.
 *
 * $1 tenant, $2 key or empty, $3 now, $4 when keys expired that are good until now, $5 recipients.
 */
const CLAIM_SQL = `
with claimed as (
  insert into dedupe_keys (tenant_id, key, delivery_ids, created_at) select $1, $2::text, '{}', $3 where $2 <> ''
  on conflict (tenant_id, key) do update set delivery_ids = '{}', created_at = excluded.created_at where dedupe_keys.created_at < $4
  returning key
), first as materialized (select where $2 = '' or exists (select from claimed))
select (select count(pg_advisory_xact_lock(hashtextextended(turn, 0))) from unnest($5::text[]) as turn) from first`;

/** The delivery log in Postgres, in one transaction. */
export function deliveryStore(tx: Transaction, outlets: Outlets): DeliveryStore {
  return {
    async claim(key, recipients, now) {
      if (key === "" && recipients.length === 0) return undefined;
      const expired = new Date(now.getTime() - KEY_LIFE_MS);
      const turns = recipients.map(({ channel, recipientKey }) => `recipient ${tx.tenantId} ${channel} ${recipientKey}`).sort();
      const claimed = await tx.query(CLAIM_SQL, [tx.tenantId, key, now, expired, turns]);
      if (claimed.length > 0) return undefined;
      const deliveries = tx.manager
        .createQueryBuilder(DeliveryEntity, "delivery")
        .where("delivery.id = any(select unnest(delivery_ids) from dedupe_keys where tenant_id = :tenantId and key = :key)", {
          tenantId: tx.tenantId,
          key,
        });
      return deliveries.orderBy("delivery.id").getMany();
    },

    insert: (outgoing, dedupeKey, limit) => insertDelivery(tx, outlets, outgoing, dedupeKey, limit),

    async findDelivery(id) {
      return (await tx.manager.findOneBy(DeliveryEntity, { id })) ?? undefined;
    },

    async findContent(id) {
      const [row] = await tx.query<{ content: Content }>("select content from delivery_contents where delivery_id = $1", [id]);
      return row?.content;
    },

    listDeliveries({ userId, status, channel, template }, page) {
      const query = tx.manager
        .createQueryBuilder(DeliveryEntity, "delivery")
        .where("delivery.tenantId = :tenantId", { tenantId: tx.tenantId });
      if (userId !== "") query.andWhere("delivery.userId = :userId", { userId });
      if (status !== undefined) query.andWhere("delivery.status = :status", { status });
      if (channel !== undefined) query.andWhere("delivery.channel = :channel", { channel });
      if (template !== "") query.andWhere("delivery.template = :template", { template });
      return listEntityPage<Delivery>(query, NEWEST_FIRST, page);
    },

    noteRedelivery: (from, to) =>
      outlets.audit(tx, {
        action: "delivery.redelivered",
        resource: "delivery",
        resourceId: from.id,
        outcome: "success",
        metadata: { new_delivery: to.id },
      }),
  };
}

/** A later job for a delivery takes the place of an earlier one. */
export async function queueAttempt(tx: Transaction, outlets: Pick<Outlets, "enqueue">, id: string, at: Date | null): Promise<void> {
  await outlets.enqueue(tx, DELIVER_JOB, { id }, attemptAt(id, at));
}
