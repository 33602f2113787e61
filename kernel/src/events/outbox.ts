import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import { internal } from "../base/errors.ts";
import { currentContext, DEFAULT_TENANT } from "../base/request-context.ts";
import { ALL_TENANTS, type Transaction } from "../database/database.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { formatTraceparent } from "../telemetry/trace-context.ts";
import { describeEvent } from "./describe-event.ts";
import { envelopeOf } from "./envelope.ts";
import { encodeEvent } from "./event-data.ts";
import { hashKey } from "./key-hash.ts";

export interface PublisherOptions {
  readonly module: string;
  /** What the module declares to publish; see `publishedTypes`. */
  readonly types: ReadonlySet<string>;
  readonly metrics?: Pick<Metrics, "busPublished">;
}

export interface Publisher {
  /** Writes the event to the outbox in the caller's transaction: it is sent if and only if `tx` commits. */
  publish<M extends DescMessage>(tx: Transaction, schema: M, event: MessageInitShape<M>): Promise<void>;
}

/**
 * A relay that found work looks again, ever more rarely, before it waits; so it need not be told of each event. NOTIFY takes a lock of the whole
 * server at commit, and at thousands of commits a second that would be felt.
 */
const NOTIFY_EVERY_MS = 20;
/** Locks of one transaction, at most: a shared table of the server has room for some thousands. */
const KEY_LOCKS = 1024;

/*
 * The number of a row is drawn after its key is locked until commit, so of two transactions that publish for one key the later to commit has the
 * higher number. (Two that lock two keys crosswise deadlock; the database sorts that out and the transaction is tried again.)
 */
const INSERT = `with locked as materialized (select pg_advisory_xact_lock($1, $2))
insert into outbox (slot, topic, key_hash, event_id, envelope) select (select slot from outbox_slot), $3, $4, $5, $6 from locked`;
const INSERT_AND_NOTIFY = `${INSERT} returning pg_notify('plinth_outbox_' || current_schema(), '')`;

export function createPublisher({ module, types, metrics }: PublisherOptions): Publisher {
  const lockClass = hashKey(`plinth.outbox ${module}`);
  let notifiedAt = Number.NEGATIVE_INFINITY;
  return {
    async publish(tx, schema, event) {
      const description = describeEvent(schema);
      if (!types.has(description.type)) {
        throw internal(`The module ${module} does not declare to publish ${description.type}; add it to spec.events.publishes.`);
      }
      const encoded = encodeEvent(description, event);
      const context = currentContext();
      const envelope = envelopeOf(description, encoded, {
        module,
        tenantId: tenantOf(tx, context?.tenantId),
        traceparent: context?.trace === undefined ? "" : formatTraceparent(context.trace),
      });
      const hash = hashKey(encoded.key);
      const now = performance.now();
      const notify = now - notifiedAt >= NOTIFY_EVERY_MS;
      if (notify) notifiedAt = now;
      await tx.query(notify ? INSERT_AND_NOTIFY : INSERT, [
        lockClass,
        hash % KEY_LOCKS,
        description.topic,
        hash,
        envelope.eventId,
        JSON.stringify(envelope),
      ]);
      metrics?.busPublished.with(description.type).inc();
    },
  };
}

/** How many events wait to be sent. */
export async function outboxDepth(tx: Transaction): Promise<number> {
  const [row] = await tx.query<{ count: number }>("select count(*)::int as count from outbox");
  return row?.count ?? 0;
}

/** A clean-up across tenants belongs to nobody in particular. */
function tenantOf(tx: Transaction, contextTenant: string | undefined): string {
  if (tx.tenantId !== ALL_TENANTS) return tx.tenantId;
  return contextTenant === undefined || contextTenant === ALL_TENANTS ? DEFAULT_TENANT : contextTenant;
}
