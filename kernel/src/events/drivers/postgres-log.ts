import type { Pool } from "pg";
import { databaseErrorCode } from "../../database/database-errors.ts";
import { quoteIdentifier } from "../../database/module-roles.ts";
import type { Envelope } from "../bus.ts";
import { hashKey } from "../key-hash.ts";
import { APPEND_LOCK, BUS_CHANNEL } from "./postgres-bus-tables.ts";

/** How a topic is kept. Entries of `topics(modules)` fit. */
export interface TopicSettings {
  readonly topic: string;
  readonly partitions: number;
  readonly retentionMs: number;
}

/** Of a topic that was used before anybody declared it. */
const DEFAULT_PARTITIONS = 6;

/** Writes to the log. */
export interface PostgresLog {
  declare(topics: readonly TopicSettings[]): Promise<void>;
  /** Makes the topics that are not there yet. */
  ensure(topics: readonly string[]): Promise<void>;
  append(envelopes: readonly Envelope[]): Promise<void>;
  moveOutbox(schema: string, limit: number): Promise<number>;
}

/*
 * `incoming` has the rows to append: id (their order), topic, key_hash, event_id, envelope. The partitions are locked, in order of their ids, before
 * the first offset is drawn, and until commit. A topic that is unknown has no partition: the insert fails, and nothing is lost.
 */
const APPEND = `routed as materialized (
  select i.id, i.event_id, i.envelope, t.segment, p.id as partition_id, p.sequence
  from incoming i left join plinth_bus.topics t on t.topic = i.topic
  left join plinth_bus.partitions p on p.topic_id = t.id and p.partition = i.key_hash % t.partitions
), locked as materialized (
  select pg_advisory_xact_lock(${APPEND_LOCK}, s.partition_id) from (select distinct partition_id from routed order by 1) s
), appended as (
  insert into plinth_bus.log (segment, partition_id, "offset", event_id, envelope)
  select coalesce(r.segment, 0), r.partition_id, nextval(r.sequence), r.event_id, r.envelope
  from (select * from routed where (select count(*) from locked) >= 0 order by id) r
)
select s.moved, pg_notify('${BUS_CHANNEL}', s.partitions)
from (select count(*)::int as moved, string_agg(distinct partition_id::text, ',') as partitions from routed) s where s.moved > 0`;

const APPEND_GIVEN = `with incoming as (
  select * from unnest($1::text[], $2::int[], $3::text[], $4::text[]) with ordinality as given (topic, key_hash, event_id, envelope_text, id)
  cross join lateral (select envelope_text::json as envelope) as parsed
), ${APPEND}`;

/*
 * The bound is taken from the rows this statement sees, and it deletes every row up to the bound that it sees: the two are the same rows.
 */
function moveSql(schema: string): string {
  const outbox = `${quoteIdentifier(schema)}.outbox`;
  return `with bound as materialized (select max(id) as id from (select id from ${outbox} order by id limit $1) b),
incoming as (delete from ${outbox} where id <= (select id from bound) returning id, topic, key_hash, event_id, envelope), ${APPEND}`;
}

/** not_null_violation: of `partition_id` of an unknown topic. check_violation: Postgres looked for the row's segment first. */
const UNKNOWN_TOPIC = new Set(["23502", "23514"]);

export function createPostgresLog(pool: Pool): PostgresLog {
  const ensured = new Set<string>();

  const declare = async (topic: string, partitions: number | null, retentionMs: number | null): Promise<void> => {
    await pool.query("select plinth_bus.declare_topic($1, $2, $3)", [topic, partitions, retentionMs]);
    ensured.add(topic);
  };

  const ensure = async (topics: readonly string[]): Promise<void> => {
    for (const topic of topics) {
      if (ensured.has(topic)) continue;
      const { rows } = await pool.query("select 1 from plinth_bus.topics where topic = $1", [topic]);
      if (rows.length === 0) await declare(topic, DEFAULT_PARTITIONS, null);
      ensured.add(topic);
    }
  };

  return {
    async declare(topics) {
      for (const { topic, partitions, retentionMs } of topics) await declare(topic, partitions, retentionMs);
    },
    ensure,
    async append(envelopes) {
      await ensure([...new Set(envelopes.map(({ topic }) => topic))]);
      await pool.query({
        name: "bus-append",
        text: APPEND_GIVEN,
        values: [
          envelopes.map(({ topic }) => topic),
          envelopes.map(({ key }) => hashKey(key)),
          envelopes.map(({ eventId }) => eventId),
          envelopes.map((envelope) => JSON.stringify(envelope)),
        ],
      });
    },
    async moveOutbox(schema, limit) {
      const query = { name: `bus-move-${schema}`, text: moveSql(schema), values: [limit] };
      try {
        return (await pool.query<{ moved: number }>(query)).rows[0]?.moved ?? 0;
      } catch (error) {
        if (!UNKNOWN_TOPIC.has(databaseErrorCode(error))) throw error;
        const { rows } = await pool.query<{ topic: string }>(`select distinct topic from ${quoteIdentifier(schema)}.outbox`);
        for (const { topic } of rows) ensured.delete(topic);
        await ensure(rows.map(({ topic }) => topic));
        return (await pool.query<{ moved: number }>(query)).rows[0]?.moved ?? 0;
      }
    },
  };
}
