import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import { internal } from "../base/errors.ts";
import { currentContext, DEFAULT_TENANT } from "../base/request-context.ts";
import { ALL_TENANTS, type Statement, type Transaction } from "../database/database.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { formatTraceparent } from "../telemetry/trace-context.ts";
import { auditRecorded } from "./audit-entry.ts";
import type { Envelope } from "./bus.ts";
import { describeEvent } from "./describe-event.ts";
import { envelopeOf } from "./envelope.ts";
import { encodeEvent } from "./event-data.ts";
import { KEY_LOCKS } from "./event-tables.ts";
import { hashKey } from "./key-hash.ts";
import { type PreparedEvents, preparedEvents } from "./prepared-events.ts";

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
  /** Events for a statement that is a transaction of its own, and writes to the outbox itself. */
  prepare(tx: Statement): PreparedEvents;
}

/**
 * A relay that found work looks again, ever more rarely, before it waits; so it need not be told of each event. NOTIFY takes a lock of the whole
 * server at commit, and at thousands of commits a second that would be felt.
 */
const NOTIFY_EVERY_MS = 20;
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

  const mustWake = (): boolean => performance.now() - notifiedAt >= NOTIFY_EVERY_MS;
  const woken = (): void => {
    notifiedAt = performance.now();
  };
  const counted = (type: string): void => metrics?.busPublished.with(type).inc();

  const write = async (tx: Transaction, { topics, keyHashes, eventIds, envelopes }: Pending): Promise<void> => {
    pendingOf.delete(tx);
    const buckets = [...new Set(keyHashes.map((hash) => hash % KEY_LOCKS))].sort((a, b) => a - b);
    const wake = mustWake();
    if (wake) woken();
    await tx.query(PUBLISH, [lockClass, buckets, topics, keyHashes, eventIds, envelopes, wake]);
  };

  function envelopeIn<M extends DescMessage>(tx: Statement, schema: M, event: MessageInitShape<M>): Envelope {
    const description = describeEvent(schema);
    if (!types.has(description.type)) {
      throw internal(`The module ${module} does not declare to publish ${description.type}; add it to spec.events.publishes.`);
    }
    const context = currentContext();
    return envelopeOf(description, encodeEvent(description, event), {
      module,
      tenantId: tenantOf(tx, context?.tenantId),
      traceparent: context?.trace === undefined ? "" : formatTraceparent(context.trace),
    });
  }

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
      const envelope = envelopeIn(tx, schema, event);
      const pending = pendingIn(tx);
      pending.topics.push(envelope.topic);
      pending.keyHashes.push(hashKey(envelope.key));
      pending.eventIds.push(envelope.eventId);
      pending.envelopes.push(JSON.stringify(envelope));
      counted(envelope.type);
    },
    prepare: (tx) =>
      preparedEvents(
        lockClass,
        (schema, event) => envelopeIn(tx, schema, event),
        (entry) => auditRecorded(module, tx, entry),
        { mustWake, woken, counted },
      ),
  };
}

/** How many events wait to be sent. */
export async function outboxDepth(tx: Transaction): Promise<number> {
  const [row] = await tx.query<{ count: number }>("select count(*)::int as count from outbox");
  return row?.count ?? 0;
}

/** A clean-up across tenants belongs to nobody in particular. */
function tenantOf(tx: Statement, contextTenant: string | undefined): string {
  if (tx.tenantId !== ALL_TENANTS) return tx.tenantId;
  return contextTenant === undefined || contextTenant === ALL_TENANTS ? DEFAULT_TENANT : contextTenant;
}
