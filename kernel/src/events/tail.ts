import type { Bus, Envelope } from "./bus.ts";

export interface TailOptions {
  readonly topics: readonly string[];
  /** Begin with events not older than this; 0 for new ones only. */
  readonly ageMs: number;
  /** Ends the tail. */
  readonly signal: AbortSignal;
}

const BATCH = 100;

/** Follows topics without a trace: no group, no position. Reads no faster than its consumer takes. */
export async function* tail(bus: Bus, { topics, ageMs, signal }: TailOptions): AsyncGenerator<Envelope> {
  const shown: Envelope[] = [];
  const ended = new AbortController();
  const sleepers = new Set<() => void>();
  const change = (): Promise<void> => new Promise((resolve) => sleepers.add(resolve));
  const changed = (): void => {
    for (const wake of sleepers) wake();
    sleepers.clear();
  };
  const end = (): void => {
    ended.abort();
    changed();
  };
  if (signal.aborted) return;
  signal.addEventListener("abort", end, { once: true });
  const subscription = await bus.subscribe({ topics, from: ageMs === 0 ? "latest" : { ageMs }, batchSize: BATCH }, async (batch) => {
    // Partitions come side by side; each waits until what came before was taken.
    while (shown.length > 0 && !ended.signal.aborted) await change();
    for (const { envelope } of batch) shown.push(envelope);
    changed();
  });
  try {
    while (!ended.signal.aborted) {
      const next = shown.shift();
      if (next !== undefined) yield next;
      else {
        changed(); // Those that wait for room; whoever of them has a batch wakes us.
        await change();
      }
    }
  } finally {
    signal.removeEventListener("abort", end);
    end();
    await subscription.close();
  }
}
