import { rateLimited } from "@plinth/kernel/base";
import { listEntityPage, type Transaction } from "@plinth/kernel/database";
import type { Service } from "@plinth/kernel/service";
import type { Content, Delivery, DeliveryStore } from "../domain/delivery.ts";
import { DeliveryEntity } from "./entities.ts";
import { insertDelivery } from "./insert-delivery.ts";

/** The parts of a service through which work leaves a transaction. */
export type Outlets = Pick<Service<unknown>, "publish" | "audit" | "enqueue">;

/** The job that makes the attempts; its payload is the delivery's id. */
export const DELIVER_JOB = "deliver";

const NEWEST_FIRST = [
  { by: "createdAt", direction: "desc" },
  { by: "id", direction: "desc" },
] as const;

/** How long a dedupe key is known. */
export const KEY_LIFE_MS = 24 * 60 * 60_000;

/** The delivery log in Postgres, in one transaction. */
export function deliveryStore(tx: Transaction, outlets: Outlets): DeliveryStore {
  return {
    async claimKey(key, now) {
      const expired = new Date(now.getTime() - KEY_LIFE_MS);
      const [claimed] = await tx.query(
        `insert into dedupe_keys (tenant_id, key, delivery_ids, created_at) values ($1, $2, '{}', $3)
         on conflict (tenant_id, key) do update set delivery_ids = '{}', created_at = excluded.created_at
           where dedupe_keys.created_at < $4
         returning 1`,
        [tx.tenantId, key, now, expired],
      );
      if (claimed !== undefined) return undefined;
      const deliveries = tx.manager
        .createQueryBuilder(DeliveryEntity, "delivery")
        .where("delivery.id = any(select unnest(delivery_ids) from dedupe_keys where tenant_id = :tenantId and key = :key)", {
          tenantId: tx.tenantId,
          key,
        });
      return deliveries.orderBy("delivery.id").getMany();
    },

    async checkLimit(channel, recipientKey, { requests, perMs }, now) {
      // A statement of its own: one that took the lock and looked would look at what there was before it waited.
      await tx.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`recipient ${tx.tenantId} ${channel} ${recipientKey}`]);
      // The oldest of those that fill the share: when it leaves the window, there is room for one more.
      const [filling] = await tx.query<{ created_at: Date }>(
        `select created_at from deliveries
         where tenant_id = $1 and channel = $2 and recipient_key = $3 and category <> 'security' and created_at > $4
         order by created_at desc offset $5 limit 1`,
        [tx.tenantId, channel, recipientKey, new Date(now.getTime() - perMs), requests - 1],
      );
      if (filling === undefined) return;
      throw rateLimited(`This recipient got its ${requests} messages over ${channel} for now.`, {
        reason: "RECIPIENT_RATE_LIMITED",
        metadata: { channel },
        retryAfterSeconds: Math.max(1, Math.ceil((filling.created_at.getTime() + perMs - now.getTime()) / 1000)),
      });
    },

    async insert(outgoing, dedupeKey) {
      await insertDelivery(tx, outgoing, dedupeKey);
      await queueAttempt(tx, outlets, outgoing.delivery.id, outgoing.delivery.nextAttemptAt);
    },

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

/** One job waits for each delivery: a later one takes the place of an earlier one. */
export async function queueAttempt(tx: Transaction, outlets: Pick<Outlets, "enqueue">, id: string, at: Date | null): Promise<void> {
  // Due already: without a time, since the database's clock may lag behind ours.
  const runAt = at !== null && at.getTime() > Date.now() ? { runAt: at } : {};
  await outlets.enqueue(tx, DELIVER_JOB, { id }, { uniqueKey: id, ...runAt });
}
