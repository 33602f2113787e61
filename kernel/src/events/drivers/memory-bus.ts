import type { Logger } from "../../logging/logger.ts";
import type { Bus, Envelope, SubscribeOptions, Subscription } from "../bus.ts";
import { hashKey } from "../key-hash.ts";
import { createPartitionReader, type PartitionReader, type StoredMessage } from "./partition-reader.ts";

const PARTITIONS = 6;

interface Partition {
  readonly id: number;
  readonly topic: string;
  readonly number: number;
  readonly messages: (StoredMessage & { readonly at: number })[];
}

interface Member {
  readonly reader: PartitionReader;
  readonly topics: readonly string[];
  /** What it reads at present. */
  readonly cursors: Map<number, { readonly partitionId: number; readonly partition: number; position: bigint }>;
}

interface Group {
  readonly positions: Map<number, bigint>;
  readonly members: Member[];
  /** The dealing of partitions under way; one at a time. */
  dealt: Promise<void>;
}

/** A bus inside the process, for unit tests: what it holds is gone with it. */
export function createMemoryBus({ logger }: { readonly logger: Logger }): Bus {
  const topics = new Map<string, Partition[]>();
  const partitions: Partition[] = [];
  const groups = new Map<string, Group>();
  const readers = new Set<PartitionReader>();
  const subscriptions = new Set<Subscription>();

  const partitionsOf = (topic: string): Partition[] => {
    const known = topics.get(topic);
    if (known !== undefined) return known;
    const made = Array.from({ length: PARTITIONS }, (_, number) => ({ id: partitions.length + number, topic, number, messages: [] }));
    partitions.push(...made);
    topics.set(topic, made);
    return made;
  };

  const startOf = ({ messages }: Partition, from: SubscribeOptions["from"]): bigint => {
    if (from === "earliest") return 0n;
    const youngest = Date.now() - (from === "latest" ? 0 : from.ageMs);
    return messages.findLast(({ at }) => at <= youngest)?.offset ?? 0n;
  };

  const readerFor = (options: SubscribeOptions, handle: Parameters<Bus["subscribe"]>[1]): PartitionReader => {
    const reader = createPartitionReader({
      fetch: async (cursors, limit) =>
        // Offsets begin at 1 and have no gaps: the one after position n is at index n.
        new Map(
          cursors.map(({ partitionId, position }) => [
            partitionId,
            partitions[partitionId]?.messages.slice(Number(position), Number(position) + limit) ?? [],
          ]),
        ),
      handle,
      batchSize: options.batchSize,
      gatherMs: options.gatherMs,
      logger,
    });
    readers.add(reader);
    return reader;
  };

  const take = async (group: Group, member: Member, partitionId: number): Promise<void> => {
    const cursor = member.cursors.get(partitionId);
    await member.reader.remove(partitionId);
    if (cursor !== undefined) group.positions.set(partitionId, cursor.position);
    member.cursors.delete(partitionId);
  };

  const deal = async (group: Group): Promise<void> => {
    const { members } = group;
    const wanted = [...new Set(members.flatMap((member) => member.topics))].flatMap(partitionsOf);
    const owner = (index: number): Member | undefined => members[index % members.length];
    for (const [index, { id }] of wanted.entries()) {
      for (const member of members) if (member !== owner(index) && member.cursors.has(id)) await take(group, member, id);
    }
    for (const [index, { id, number }] of wanted.entries()) {
      const member = owner(index);
      if (member === undefined || member.cursors.has(id)) continue;
      const cursor = { partitionId: id, partition: number, position: group.positions.get(id) ?? 0n };
      member.cursors.set(id, cursor);
      member.reader.add(cursor);
    }
  };

  const subscribe: Bus["subscribe"] = async (options, handle) => {
    const reader = readerFor(options, handle);
    const mine = options.topics.flatMap(partitionsOf);
    let leave = async (): Promise<void> => {};
    if (options.group === undefined) {
      for (const partition of mine) {
        reader.add({ partitionId: partition.id, partition: partition.number, position: startOf(partition, options.from) });
      }
    } else {
      const group: Group = groups.get(options.group) ?? { positions: new Map(), members: [], dealt: Promise.resolve() };
      groups.set(options.group, group);
      for (const partition of mine) {
        if (!group.positions.has(partition.id)) group.positions.set(partition.id, startOf(partition, options.from));
      }
      const member: Member = { reader, topics: options.topics, cursors: new Map() };
      group.members.push(member);
      group.dealt = group.dealt.then(() => deal(group));
      leave = async () => {
        for (const id of [...member.cursors.keys()]) await take(group, member, id);
        group.members.splice(group.members.indexOf(member), 1);
        group.dealt = group.dealt.then(() => deal(group));
        await group.dealt;
      };
      await group.dealt;
    }
    const subscription: Subscription = {
      pause: () => reader.pause(),
      resume: () => reader.resume(),
      async close() {
        if (!subscriptions.delete(subscription)) return;
        readers.delete(reader);
        await reader.close();
        await leave();
      },
    };
    subscriptions.add(subscription);
    return subscription;
  };

  return {
    async send(envelopes) {
      for (const envelope of envelopes) {
        const { messages } = partitionFor(envelope);
        messages.push({ offset: BigInt(messages.length + 1), at: Date.now(), envelope: structuredClone(envelope) });
      }
      for (const reader of readers) reader.wake();
    },
    subscribe,
    async lag(name) {
      const group = groups.get(name);
      const lag: Record<string, number> = {};
      for (const [id, stored] of group?.positions ?? []) {
        const partition = partitions[id];
        if (partition === undefined) continue;
        const position = group?.members.map(({ cursors }) => cursors.get(id)?.position).find((found) => found !== undefined) ?? stored;
        lag[partition.topic] = (lag[partition.topic] ?? 0) + partition.messages.length - Number(position);
      }
      return lag;
    },
    async close() {
      await Promise.all([...subscriptions].map((subscription) => subscription.close()));
    },
  };

  function partitionFor({ topic, key }: Envelope): Partition {
    const [partition] = partitionsOf(topic).slice(hashKey(key) % PARTITIONS);
    if (partition === undefined) throw new Error("unreachable: a hash modulo the number of partitions");
    return partition;
  }
}
