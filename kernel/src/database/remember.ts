import { LRUCache } from "lru-cache";
import { currentContext, DEFAULT_TENANT } from "../base/request-context.ts";
import type { Database, RememberedReads, RememberOptions, Transaction } from "./database.ts";
import type { Listener, ListenOptions } from "./listen.ts";
import { EVERY_TENANT } from "./tell-changes.ts";

/** For how long after the last proof that notifications come what is remembered may be answered. */
export const MAX_AGE_MS = 1_000;
/** From this age on a proof is renewed, beside what is asked: who is asked all the time never has to wait for one. */
const RENEW_AFTER_MS = 400;
/** Where nobody could listen it is not tried again with each request. */
const LISTEN_AGAIN_MS = 2_000;
const MAX_ENTRIES = 20_000;

/** Entries of a tenant are good while its era lasts; what was begun to be read in an era that has ended is not kept. */
interface Era {
  readonly tenantId: string;
}

interface Entry {
  readonly era: Era;
  readonly value: unknown;
}

interface Sources {
  /** Reads where the notifications come from: a replica may be behind them. */
  readonly read: Database["read"];
  readonly listen: (on: Pick<ListenOptions, "onNotification" | "onConnect">) => Promise<Listener>;
  readonly observe?: ((result: "hit" | "miss", times: number) => void) | undefined;
}

export function rememberReads(
  sources: Sources,
  { maxEntries = MAX_ENTRIES }: RememberOptions,
): RememberedReads & { close(): Promise<void> } {
  const entries = new LRUCache<string, Entry>({ max: maxEntries });
  const eras = new LRUCache<string, Era>({ max: maxEntries });
  let listening: Promise<void> | undefined;
  let listener: Listener | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let closed = false;

  function endEra(tenantId: string): void {
    if (tenantId === EVERY_TENANT) eras.clear();
    else eras.delete(tenantId);
  }

  function eraOf(tenantId: string): Era {
    const known = eras.get(tenantId);
    if (known !== undefined) return known;
    const era = { tenantId };
    eras.set(tenantId, era);
    return era;
  }

  async function startListening(): Promise<void> {
    const on = { onNotification: (_channel: string, tenantId: string) => endEra(tenantId), onConnect: () => eras.clear() };
    triedAt = performance.now();
    listener = await sources.listen(on).catch(() => undefined);
  }

  function isUpToDate(): boolean {
    if (listener === undefined) {
      if (!closed && performance.now() - triedAt > LISTEN_AGAIN_MS) listening = startListening();
      return false;
    }
    const age = performance.now() - (listener.heardUntil() ?? Number.NEGATIVE_INFINITY);
    if (age > RENEW_AFTER_MS) listener.prove();
    return age <= MAX_AGE_MS;
  }

  return {
    async read<T>(keys: readonly string[], load: (tx: Transaction, missing: readonly string[]) => Promise<ReadonlyMap<string, T>>) {
      const tenantId = currentContext()?.tenantId ?? DEFAULT_TENANT;
      const era = eraOf(tenantId);
      const upToDate = isUpToDate();
      const found = new Map<string, T>();
      for (const key of upToDate ? keys : []) {
        const entry = entries.get(`${tenantId} ${key}`);
        if (entry?.era === era) found.set(key, entry.value as T);
      }
      const missing = keys.filter((key) => !found.has(key));
      sources.observe?.("hit", keys.length - missing.length);
      sources.observe?.("miss", missing.length);
      if (missing.length === 0) return found;
      for (const [key, value] of await sources.read((tx) => load(tx, missing))) {
        found.set(key, value);
        // Without anybody who listens no change would end it.
        if (listener !== undefined) entries.set(`${tenantId} ${key}`, { era, value });
      }
      return found;
    },
    forget: () => endEra(currentContext()?.tenantId ?? DEFAULT_TENANT),
    async close() {
      closed = true;
      await listening;
      await listener?.close();
    },
  };
}
