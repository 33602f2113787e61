import { Pool } from "pg";
import type { Logger } from "../../logging/logger.ts";
import type { Bus, Subscription } from "../bus.ts";
import { joinAsMember } from "./postgres-group.ts";
import { createPostgresLog, type TopicSettings } from "./postgres-log.ts";
import { subscribeToAll } from "./postgres-subscription.ts";

export interface PostgresBusOptions {
  /** In a role that `provisionBus` made a member. */
  readonly url: string;
  /** For the names of connections: the module. */
  readonly name: string;
  readonly topics: readonly TopicSettings[];
  /** True where the modules' schemas lie in the same database: then the relay moves rows instead of sending. */
  readonly sharesDatabase: boolean;
  readonly logger: Logger;
}

/** Opens and drops segments of the log. */
const MAINTENANCE_EVERY_MS = 60_000;

/** A bus in Postgres; see `postgres-bus-tables.ts` for how it is laid out. */
export async function createPostgresBus(options: PostgresBusOptions): Promise<Bus> {
  const { url, name, logger } = options;
  const pool = new Pool({
    connectionString: url,
    application_name: `plinth-bus-${name}`,
    max: 3,
    idleTimeoutMillis: 60_000,
    connectionTimeoutMillis: 10_000,
    query_timeout: 30_000,
    keepAlive: true,
  });
  pool.on("error", () => {}); // An idle connection was lost; the next use opens another.
  const log = createPostgresLog(pool);
  const subscriptions = new Set<Subscription>();
  const maintain = (): void => {
    pool.query("select plinth_bus.maintain()").catch((error: unknown) => logger.warn("The bus could not be tidied", { error }));
  };
  try {
    await log.declare(options.topics);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const timer = setInterval(maintain, MAINTENANCE_EVERY_MS);
  timer.unref();

  return {
    send: (envelopes) => (envelopes.length === 0 ? Promise.resolve() : log.append(envelopes)),
    ...(options.sharesDatabase && { moveOutbox: log.moveOutbox }),
    async subscribe(wanted, handle) {
      await log.ensure(wanted.topics);
      const started = { ...wanted, url, name, logger, handle };
      const inner = await (wanted.group === undefined ? subscribeToAll(started) : joinAsMember({ ...started, group: wanted.group }));
      const subscription: Subscription = {
        ...inner,
        async close() {
          if (subscriptions.delete(subscription)) await inner.close();
        },
      };
      subscriptions.add(subscription);
      return subscription;
    },
    async lag(group) {
      const { rows } = await pool.query<{ topic: string; lag: string }>(
        `select t.topic, sum(greatest(0, coalesce((select l."offset" from plinth_bus.log l where l.partition_id = p.id
           order by l."offset" desc limit 1), 0) - o.position)) as lag
         from plinth_bus.groups g join plinth_bus.positions o on o.group_id = g.id
         join plinth_bus.partitions p on p.id = o.partition_id join plinth_bus.topics t on t.id = p.topic_id
         where g.name = $1 group by t.topic`,
        [group],
      );
      return Object.fromEntries(rows.map(({ topic, lag }) => [topic, Number(lag)]));
    },
    async close() {
      clearInterval(timer);
      await Promise.all([...subscriptions].map((subscription) => subscription.close()));
      await pool.end();
    },
  };
}
