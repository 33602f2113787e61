import { setTimeout as delay } from "node:timers/promises";

/** Far above what any condition needs, also on a busy machine: what takes that long never comes. */
const GIVE_UP_AFTER_MS = 15_000;
const PAUSE_MS = 25;

/**
 * Asks again and again until `probe` answers something, and answers that. A probe that throws has not come to it yet; what it threw last is
 * told in the end.
 */
export async function eventually<T>(what: string, probe: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  const giveUpAt = performance.now() + GIVE_UP_AFTER_MS;
  for (let last: unknown; ; ) {
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== false) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > giveUpAt) throw new Error(`It never came to it: ${what}.`, { cause: last });
    await delay(PAUSE_MS);
  }
}
