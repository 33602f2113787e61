import { PlinthError } from "@plinth/kernel/base";
import type { Database, Statement } from "@plinth/kernel/database";
import type { AttemptResult, AttemptStore } from "../domain/attempt.ts";
import type { Content, Delivery, Outgoing } from "../domain/delivery.ts";
import { type Outlets, queueAttempt } from "./delivery-store.ts";

/** No row where it is not pending, claimed by somebody else, or without its content. Whoever waits for the row looks at it anew. */
const CLAIM_SQL = `
update deliveries as d set attempts = attempts + 1, claimed_until = $3
from delivery_contents as c
where d.id = $1 and d.status = 'pending' and (d.claimed_until is null or d.claimed_until <= $2) and c.delivery_id = d.id
returning d.id, d.tenant_id as "tenantId", d.channel, d.user_id as "userId", d.destination, d.recipient_key as "recipientKey", d.template,
  d.template_version as "templateVersion", d.category, d.subject, d.status, d.attempts, d.last_error as "lastError",
  d.provider_id as "providerId", d.created_at as "createdAt", d.next_attempt_at as "nextAttemptAt", d.sent_at as "sentAt", c.content`;

/**
 * Until when somebody else has it; what has lost its content is given up. Neither is so where the other attempt has failed meanwhile: then the next one
 * is queued already.
 */
const REFUSED_SQL = `
with given_up as (
  update deliveries as d set status = 'failed', last_error = 'the content was removed', next_attempt_at = null, claimed_until = null
  where id = $1 and status = 'pending' and (claimed_until is null or claimed_until <= $2)
    and not exists (select from delivery_contents where delivery_id = d.id)
)
select claimed_until from deliveries where id = $1 and status = 'pending' and claimed_until > $2`;

const FINISH_SQL = `
update deliveries set status = $2, last_error = $3, provider_id = $4, sent_at = $5, next_attempt_at = $6, claimed_until = null
where id = $1 and status = 'pending'`;

/** The attempts to deliver, each noted before it is made and after. */
export function attemptStore(database: Database, outlets: Pick<Outlets, "enqueue">): AttemptStore {
  const end = (id: string, result: AttemptResult) =>
    database.transaction(async (tx) => {
      await finish(tx, id, result);
      if (result.status === "pending") await queueAttempt(tx, outlets, id, result.nextAttemptAt);
    });
  return {
    async begin(id, now, leaseMs) {
      const until = new Date(now.getTime() + leaseMs);
      const [claimed] = await database.statement((tx) => tx.query<Delivery & { content: Content }>(CLAIM_SQL, [id, now, until]));
      if (claimed !== undefined) return outgoingOf(claimed);
      const [other] = await database.statement((tx) => tx.query<{ claimed_until: Date }>(REFUSED_SQL, [id, now]));
      return other?.claimed_until;
    },

    async finish(id, result) {
      if (result.status === "pending") return end(id, result);
      try {
        await database.statement((tx) => finish(tx, id, result));
      } catch (error) {
        if (!(error instanceof PlinthError) || error.code !== "SERVICE_UNAVAILABLE") throw error;
        // The connection was lost, and whether the result is noted is not known. Without it the message goes out once more; twice it does no harm.
        await end(id, result);
      }
    },

    lookAgain: (id, at) => database.transaction((tx) => queueAttempt(tx, outlets, id, at)),
  };
}

async function finish(tx: Statement, id: string, result: AttemptResult): Promise<void> {
  const sent = result.status === "sent" ? result : undefined;
  await tx.query(FINISH_SQL, [
    id,
    result.status,
    result.status === "sent" ? "" : result.error,
    sent?.providerId ?? "",
    sent?.at ?? null,
    result.status === "pending" ? result.nextAttemptAt : null,
  ]);
}

function outgoingOf({ content, ...delivery }: Delivery & { content: Content }): Outgoing {
  return { delivery, content };
}
