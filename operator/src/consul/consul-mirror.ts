import { createHash } from "node:crypto";
import { PREFIXES } from "./consul-entries.ts";
import type { ConsulKv } from "./consul-kv.ts";

/** By the flags of a key it is known whose it is: what others keep in the same places is theirs. 48 bits, of the 64 that Consul has and the 53 of a number. */
export function ownFlags(owner: string): number {
  return Number.parseInt(createHash("sha256").update(`plinth ${owner}`).digest("hex").slice(0, 12), 16);
}

/** Keeps what the operator has in Consul as it should be. */
export interface ConsulMirror {
  /**
   * Writes what differs and deletes what is no longer wanted; by what it wrote itself the last time, or with `reread` by what is there. Answers the keys it
   * changed.
   */
  sync(wanted: ReadonlyMap<string, string>, options: { readonly reread: boolean; readonly signal: AbortSignal }): Promise<string[]>;
}

/** Writes at a time. */
const CONCURRENCY = 8;

/** `owner`: whoever keeps other keys there by a mirror of its own has another name. */
export function createConsulMirror(kv: ConsulKv, owner: string): ConsulMirror {
  const own = ownFlags(owner);
  /** Own keys as they are there, as far as is known; undefined: it must be read. */
  let present: Map<string, string> | undefined;

  async function read(signal: AbortSignal): Promise<Map<string, string>> {
    const lists = await Promise.all(PREFIXES.map((prefix) => kv.list(prefix, signal)));
    return new Map(lists.flat().flatMap(({ key, value, flags }) => (flags === own ? [[key, value]] : [])));
  }

  return {
    async sync(wanted, { reread, signal }) {
      const known = reread || present === undefined ? await read(signal) : present;
      const put = [...wanted].filter(([key, value]) => known.get(key) !== value);
      const gone = [...known.keys()].filter((key) => !wanted.has(key));
      // What fails half-way is not known any more.
      present = undefined;
      await inTurns([
        ...put.map(
          ([key, value]) =>
            () =>
              kv.put({ key, value, flags: own }, signal),
        ),
        ...gone.map((key) => () => kv.delete(key, signal)),
      ]);
      present = new Map(wanted);
      return [...put.map(([key]) => key), ...gone];
    },
  };
}

async function inTurns(works: readonly (() => Promise<void>)[]): Promise<void> {
  const rest = works.values();
  const worker = async (): Promise<void> => {
    for (const work of rest) await work();
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}
