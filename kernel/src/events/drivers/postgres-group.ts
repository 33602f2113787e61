import type { Subscription } from "../bus.ts";
import type { SessionQuery } from "../session.ts";
import type { Cursor } from "./partition-reader.ts";
import {
  ageOf,
  claimPosition,
  ensureGroup,
  joinGroup,
  leaveGroup,
  listPositions,
  rankInGroup,
  releaseClaim,
  storePositions,
} from "./postgres-positions.ts";
import { type PostgresSubscriptionOptions, type Reading, startReading } from "./postgres-subscription.ts";

interface Claim {
  readonly cursor: Cursor;
  /** As it stands in the database. */
  stored: bigint;
}

/**
 * Positions are stored this often, not with each batch: what was handled since the last time is delivered once more
 * after a crash, and the inbox knows it.
 */
const STORE_EVERY_MS = 250;

/**
 * A member of a group. The partitions are dealt out among the live members by their rank; each partition is claimed by
 * an advisory lock of the member's session, so a member that dies gives its claims back with its connection.
 */
export async function joinAsMember(options: PostgresSubscriptionOptions & { readonly group: string }): Promise<Subscription> {
  const ageMs = ageOf(options.from);
  let claims = new Map<number, Claim>();
  let groupId = 0;
  let current: SessionQuery | undefined;
  /** Work of claims that were lost with a connection: it must be over before the same partitions are taken again. */
  let leftOver: Promise<unknown> = Promise.resolve();

  const store = async (query: SessionQuery): Promise<void> => {
    const moved = new Map<number, bigint>();
    for (const [positionId, { cursor, stored }] of claims) if (cursor.position > stored) moved.set(positionId, cursor.position);
    if (moved.size === 0) return;
    await storePositions(query, moved);
    for (const [positionId, position] of moved) {
      const claim = claims.get(positionId);
      if (claim !== undefined) claim.stored = position;
    }
  };

  let timer: NodeJS.Timeout | undefined;
  const subscription = await startReading(options, (reader): Reading => {
    const release = async (query: SessionQuery, positionId: number, claim: Claim): Promise<void> => {
      await reader.remove(claim.cursor.partitionId);
      if (claims.get(positionId) !== claim) return; // Lost with its connection meanwhile.
      await store(query);
      claims.delete(positionId);
      await releaseClaim(query, positionId);
    };

    const deal = async (query: SessionQuery): Promise<void> => {
      await leftOver;
      const positions = await listPositions(query, groupId, options.topics, ageMs);
      const { rank, members } = await rankInGroup(query, groupId);
      if (rank < 0) return;
      const mine = new Map(positions.filter((_, index) => index % members === rank).map((row) => [row.positionId, row]));
      await Promise.all([...claims].filter(([id]) => !mine.has(id)).map(([id, claim]) => release(query, id, claim)));
      for (const { positionId, partitionId, partition } of mine.values()) {
        if (claims.has(positionId)) continue;
        const position = await claimPosition(query, positionId);
        if (position === undefined) continue;
        const cursor = { partitionId, partition, position };
        claims.set(positionId, { cursor, stored: position });
        reader.add(cursor);
      }
    };

    return {
      async begin(query) {
        groupId = await ensureGroup(query, options.group);
        // Before the subscription counts as made: what is sent from then on must not lie before the group's start.
        await listPositions(query, groupId, options.topics, ageMs);
        await joinGroup(query, groupId);
        current = query;
      },
      tick: deal,
      lost() {
        current = undefined;
        leftOver = Promise.all([...claims.values()].map(({ cursor }) => reader.remove(cursor.partitionId)));
        claims = new Map();
      },
      async end(query) {
        clearInterval(timer);
        await store(query);
        await leaveGroup(query);
      },
    };
  });
  timer = setInterval(() => {
    if (current !== undefined) store(current).catch((error: unknown) => options.logger.debug("Positions could not be stored", { error }));
  }, STORE_EVERY_MS);
  return subscription;
}
