import type { Database } from "@plinth/kernel/database";
import type { AttemptStore } from "../domain/attempt.ts";
import { findContent, type Outlets, queueAttempt } from "./delivery-store.ts";
import { DeliveryEntity } from "./entities.ts";

/** The attempts to deliver, each noted before it is made and after. */
export function attemptStore(database: Database, outlets: Pick<Outlets, "enqueue">): AttemptStore {
  return {
    begin: (id, now, leaseMs) =>
      database.transaction(async (tx) => {
        const query = tx.manager.createQueryBuilder(DeliveryEntity, "delivery").addSelect("delivery.claimedUntil");
        const delivery = await query.where("delivery.id = :id", { id }).setLock("pessimistic_write").getOne();
        if (delivery?.status !== "pending") return undefined;
        if (delivery.claimedUntil !== null && delivery.claimedUntil > now) return delivery.claimedUntil;
        const content = await findContent(tx, id);
        if (content === undefined) {
          const sql =
            "update deliveries set status = 'failed', last_error = 'the content was removed', next_attempt_at = null where id = $1";
          await tx.query(sql, [id]);
          return undefined;
        }
        const attempts = delivery.attempts + 1;
        await tx.manager.update(DeliveryEntity, { id }, { attempts, claimedUntil: new Date(now.getTime() + leaseMs) });
        return { delivery: { ...delivery, attempts }, content };
      }),

    finish: (id, result) =>
      database.transaction(async (tx) => {
        const next = result.status === "pending" ? result.nextAttemptAt : null;
        await tx.query(
          `update deliveries set status = $2, last_error = $3, provider_id = $4, sent_at = $5, next_attempt_at = $6, claimed_until = null
           where id = $1 and status = 'pending'`,
          [
            id,
            result.status,
            result.status === "sent" ? "" : result.error,
            result.status === "sent" ? result.providerId : "",
            result.status === "sent" ? result.at : null,
            next,
          ],
        );
        if (next !== null) await queueAttempt(tx, outlets, id, next);
      }),

    lookAgain: (id, at) => database.transaction((tx) => queueAttempt(tx, outlets, id, at)),
  };
}
