import { Agent } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { RunningShop } from "./shop.ts";
import { buy, type Purchase, seededRandom, VisitFailed } from "./visit.ts";

/** What the buyers of one load have seen. */
export interface Sold {
  /** All that were answered, also before and after the window. */
  readonly purchases: readonly Purchase[];
  /** Answered within the window. */
  readonly counted: readonly Purchase[];
  readonly failures: readonly VisitFailed[];
}

export interface Load {
  /** Buyers at once; each begins the next visit as soon as the last is over. */
  readonly sessions: number;
  /** Length of the window. It opens when every buyer has come to the end of the first visit. */
  readonly seconds: number;
  /** Other buyers at each load. */
  readonly seed: number;
  /** In the middle of the window. */
  midway?(): Promise<void>;
}

/** The buyers come one after another during this time, so that they do not all stand at the same step. */
const ARRIVAL_MS = 2_000;

export async function sell(shop: RunningShop, { sessions, seconds, seed, midway }: Load): Promise<Sold> {
  const purchases: Purchase[] = [];
  const counted: Purchase[] = [];
  const failures: VisitFailed[] = [];
  let openedAt = Number.POSITIVE_INFINITY;
  const isOver = () => performance.now() >= openedAt + seconds * 1_000;
  const visit = async (buyer: string, connections: Agent, random: ReturnType<typeof seededRandom>): Promise<void> => {
    try {
      const purchase = await buy(shop, connections, buyer, random);
      purchases.push(purchase);
      if (performance.now() >= openedAt && !isOver()) counted.push(purchase);
    } catch (error) {
      if (!(error instanceof VisitFailed)) throw error;
      failures.push(error);
    }
  };
  const begun = Array.from({ length: sessions }, async (_, number) => {
    await delay((ARRIVAL_MS * number) / sessions);
    const random = seededRandom(seed * 1_000 + number);
    const connections = new Agent({ keepAlive: true, maxSockets: 1 });
    await visit(`${seed}-${number}-0`, connections, random);
    return { number, random, connections };
  });
  const goOn = begun.map(async (first) => {
    const { number, random, connections } = await first;
    for (let count = 1; !isOver(); count++) await visit(`${seed}-${number}-${count}`, connections, random);
    connections.destroy();
  });
  await Promise.all(begun);
  openedAt = performance.now();
  await Promise.all([delay(seconds * 500).then(() => midway?.()), ...goOn]);
  return { purchases, counted, failures };
}
