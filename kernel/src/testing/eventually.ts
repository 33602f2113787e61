import { setTimeout as delay } from "node:timers/promises";

/** Far above what anything needs, also on a busy machine, and less than Jest gives a test, which could not say what was waited for. */
const GIVE_UP_AFTER_MS = 20_000;
const FIRST_PAUSE_MS = 2;
const LAST_PAUSE_MS = 25;

/**
 * Asks again and again until `isSo` says yes to the answer, or it is neither undefined nor false; answers it. Who throws has not come to it yet.
 * Throws the last answer where it never comes to it.
 */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  isSo: (answer: T) => boolean = (answer) => answer !== undefined && answer !== false,
): Promise<Exclude<T, undefined | false>> {
  const never = new Error("It never came to it.");
  // Of the line that waits, and not of this one.
  Error.captureStackTrace(never, eventually);
  const giveUpAt = performance.now() + GIVE_UP_AFTER_MS;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LAST_PAUSE_MS)) {
    try {
      const answer = await ask();
      if (isSo(answer)) return answer as Exclude<T, undefined | false>;
      never.message = `It never came to it; the last answer: ${told(answer)}`;
      never.cause = undefined;
    } catch (error) {
      never.cause = error;
    }
    if (performance.now() > giveUpAt) throw never;
    await delay(pause);
  }
}

function told(answer: unknown): string {
  return JSON.stringify(answer, (_key, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
}
