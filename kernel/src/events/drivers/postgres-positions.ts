import type { Envelope, SubscribeOptions } from "../bus.ts";
import type { SessionQuery } from "../session.ts";
import type { StoredMessage } from "./partition-reader.ts";
import { BUS_CHANNEL, CLAIM_LOCK, MEMBER_LOCK, MEMBERS_CHANGED } from "./postgres-bus-tables.ts";

/** The SQL of reading: partitions, messages, groups, claims. All on the subscription's own session, whose locks prove its claims. */

/** A partition of one of the topics. */
export interface PartitionRow {
  readonly partitionId: number;
  readonly partition: number;
}

/** A group's place in a partition. */
export interface PositionRow extends PartitionRow {
  /** Also the number of the lock that claims it. */
  readonly positionId: number;
  readonly position: string;
}

/** `latest` is an age of 0; `earliest` has none. */
export function ageOf(from: SubscribeOptions["from"]): number | null {
  if (from === "earliest") return null;
  return from === "latest" ? 0 : from.ageMs;
}

/* The last offset that is older than the age in $2: read backwards from the end, so only the younger rows are looked at. */
const START = `coalesce((select l."offset" from plinth_bus.log l where $2::float8 is not null and l.partition_id = p.id
  and l.appended_at <= clock_timestamp() - make_interval(secs => $2::float8 / 1000) order by l."offset" desc limit 1), 0)`;

export async function listPartitions(
  query: SessionQuery,
  topics: readonly string[],
  ageMs: number | null,
): Promise<(PartitionRow & { start: string })[]> {
  return query(
    `select p.id as "partitionId", p.partition, ${START} as start
     from plinth_bus.partitions p join plinth_bus.topics t on t.id = p.topic_id where t.topic = any ($1) order by p.id`,
    [topics, ageMs],
  );
}

export async function ensureGroup(query: SessionQuery, name: string): Promise<number> {
  const find = (): Promise<{ id: number }[]> => query("select id from plinth_bus.groups where name = $1", [name]);
  let [group] = await find();
  if (group === undefined) {
    await query("insert into plinth_bus.groups (name) values ($1) on conflict do nothing", [name]);
    [group] = await find();
  }
  if (group === undefined) throw new Error(`The group ${name} vanished.`);
  return group.id;
}

/**
 * The group's places in all partitions of the topics. A topic that is new to the group begins where `ageMs` says; a
 * partition added to a topic it knows begins at its start, for nothing in it was read.
 */
export async function listPositions(
  query: SessionQuery,
  groupId: number,
  topics: readonly string[],
  ageMs: number | null,
): Promise<PositionRow[]> {
  const find = (): Promise<(PartitionRow & { positionId: number | null; position: string | null })[]> =>
    query(
      {
        name: "bus-positions",
        text: `select p.id as "partitionId", p.partition, g.id as "positionId", g.position
               from plinth_bus.partitions p join plinth_bus.topics t on t.id = p.topic_id
               left join plinth_bus.positions g on g.partition_id = p.id and g.group_id = $1
               where t.topic = any ($2) order by p.id`,
      },
      [groupId, topics],
    );
  let rows = await find();
  if (rows.some(({ positionId }) => positionId === null)) {
    await query(
      `insert into plinth_bus.positions (group_id, partition_id, position)
       select $1, p.id, case when exists (
           select from plinth_bus.positions k join plinth_bus.partitions kp on kp.id = k.partition_id
           where k.group_id = $1 and kp.topic_id = p.topic_id) then 0 else ${START} end
       from plinth_bus.partitions p join plinth_bus.topics t on t.id = p.topic_id
       where t.topic = any ($3) and not exists (select from plinth_bus.positions k where k.group_id = $1 and k.partition_id = p.id)
       on conflict do nothing`,
      [groupId, ageMs, topics],
    );
    rows = await find();
  }
  return rows.filter((row): row is PositionRow => row.positionId !== null && row.position !== null);
}

/** Which of how many live members this session is. Members hold one lock in common; the server knows who holds it. */
export async function rankInGroup(query: SessionQuery, groupId: number): Promise<{ rank: number; members: number }> {
  const rows = await query<{ pid: number; own: boolean }>(
    {
      name: "bus-members",
      text: `select pid, pid = pg_backend_pid() as own from pg_locks
             where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
             and classid = ${MEMBER_LOCK} and objid = $1 and granted order by pid`,
    },
    [groupId],
  );
  return { rank: rows.findIndex(({ own }) => own), members: rows.length };
}

export async function joinGroup(query: SessionQuery, groupId: number): Promise<void> {
  await query("select pg_advisory_lock_shared($1, $2)", [MEMBER_LOCK, groupId]);
  await query(`select pg_notify('${BUS_CHANNEL}', '${MEMBERS_CHANGED}')`);
}

export async function leaveGroup(query: SessionQuery): Promise<void> {
  await query("select pg_advisory_unlock_all()");
  await query(`select pg_notify('${BUS_CHANNEL}', '${MEMBERS_CHANGED}')`);
}

/** The group's position where the claim was granted; undefined where another member still holds it. */
export async function claimPosition(query: SessionQuery, positionId: number): Promise<bigint | undefined> {
  const [claim] = await query<{ locked: boolean }>({ name: "bus-claim", text: "select pg_try_advisory_lock($1, $2) as locked" }, [
    CLAIM_LOCK,
    positionId,
  ]);
  if (claim?.locked !== true) return undefined;
  // In a statement of its own: the one before saw the table as it was when the lock was still another's.
  const [row] = await query<{ position: string }>("select position from plinth_bus.positions where id = $1", [positionId]);
  return row === undefined ? undefined : BigInt(row.position);
}

export async function releaseClaim(query: SessionQuery, positionId: number): Promise<void> {
  await query("select pg_advisory_unlock($1, $2)", [CLAIM_LOCK, positionId]);
}

export async function storePositions(query: SessionQuery, positions: ReadonlyMap<number, bigint>): Promise<void> {
  await query(
    {
      name: "bus-store",
      text: `update plinth_bus.positions p set position = v.position from unnest($1::int[], $2::bigint[]) as v (id, position)
             where p.id = v.id and p.position < v.position`,
    },
    [[...positions.keys()], [...positions.values()].map(String)],
  );
}

export async function fetchMessages(
  query: SessionQuery,
  cursors: readonly { readonly partitionId: number; readonly position: bigint }[],
  limit: number,
): Promise<ReadonlyMap<number, readonly StoredMessage[]>> {
  const rows = await query<{ id: number; offset: string; envelope: Envelope }>(
    {
      name: "bus-fetch",
      text: `select c.id, l."offset", l.envelope from unnest($1::int[], $2::bigint[]) as c (id, position)
             cross join lateral (select "offset", envelope from plinth_bus.log
               where partition_id = c.id and "offset" > c.position order by "offset" limit $3) l
             order by c.id, l."offset"`,
    },
    [cursors.map(({ partitionId }) => partitionId), cursors.map(({ position }) => String(position)), limit],
  );
  const found = new Map<number, StoredMessage[]>();
  for (const { id, offset, envelope } of rows) {
    const message = { offset: BigInt(offset), envelope };
    const list = found.get(id);
    if (list === undefined) found.set(id, [message]);
    else list.push(message);
  }
  return found;
}
