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
  /**
   * Writes the event to the outbox in the caller's transaction: it is sent if and only if `tx` commits. A savepoint
   * inside that is rolled back takes no event back.
   */
  publish<M extends DescMessage>(tx: Transaction, schema: M, event: MessageInitShape<M>): Promise<void>;
}

/**
 * A relay that found work looks again, ever more rarely, before it waits; so it need not be told of each event. NOTIFY takes a lock of the whole
 * server at commit, and at thousands of commits a second that would be felt.
 */
const NOTIFY_EVERY_MS = 20;
/** Keys are locked by their hash modulo this: the server's table of locks has room for some thousands. */
const KEY_LOCKS = 1024;

const PUBLISH = "select publish_events($1, $2::int[], $3::text[], $4::int[], $5::text[], $6::text[], $7)";

/** What one transaction publishes, as columns. */
interface Pending {
  readonly topics: string[];
  readonly keyHashes: number[];
  readonly eventIds: string[];
  readonly envelopes: string[];
}

/*
 * Events are gathered and written right before the commit, in one statement: keys are locked for the blink of a commit instead of for the rest of the
 * transaction, and all at once in one order, so that two transactions that publish for the same keys cannot deadlock.
 */
export function createPublisher({ module, types, metrics }: PublisherOptions): Publisher {
  const lockClass = hashKey(`plinth.outbox ${module}`);
  const pendingOf = new WeakMap<Transaction, Pending>();
  let notifiedAt = Number.NEGATIVE_INFINITY;

  const write = async (tx: Transaction, { topics, keyHashes, eventIds, envelopes }: Pending): Promise<void> => {
    pendingOf.delete(tx);
    const buckets = [...new Set(keyHashes.map((hash) => hash % KEY_LOCKS))].sort((a, b) => a - b);
    const now = performance.now();
    const wake = now - notifiedAt >= NOTIFY_EVERY_MS;
    if (wake) notifiedAt = now;
    await tx.query(PUBLISH, [lockClass, buckets, topics, keyHashes, eventIds, envelopes, wake]);
  };

  const pendingIn = (tx: Transaction): Pending => {
    const known = pendingOf.get(tx);
    if (known !== undefined) return known;
    const pending: Pending = { topics: [], keyHashes: [], eventIds: [], envelopes: [] };
    // First: a transaction that is over refuses here.
    tx.beforeCommit(() => write(tx, pending));
    pendingOf.set(tx, pending);
    return pending;
  };

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
      const pending = pendingIn(tx);
      pending.topics.push(description.topic);
      pending.keyHashes.push(hashKey(encoded.key));
      pending.eventIds.push(envelope.eventId);
      pending.envelopes.push(JSON.stringify(envelope));
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
