import { setTimeout as delay } from "node:timers/promises";

/** Far above what any condition needs, also on a busy machine: what takes that long never comes. */
const GIVE_UP_AFTER_MS = 15_000;
/** Doubled with each question, up to the last. */
const FIRST_PAUSE_MS = 2;
const LAST_PAUSE_MS = 25;

/**
 * Asks again and again until `probe` answers something, and answers that. A probe that throws has not come to it yet; what it threw last is
 * told in the end.
 */
export async function eventually<T>(what: string, probe: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  const giveUpAt = performance.now() + GIVE_UP_AFTER_MS;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LAST_PAUSE_MS)) {
    let thrown: unknown;
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      thrown = error;
    }
    if (performance.now() > giveUpAt) throw new Error(`It never came to it: ${what}.`, { cause: thrown });
    await delay(pause);
  }
}
