import { setTimeout as delay } from "node:timers/promises";

/** Waits for a condition; after `timeoutMs` it throws, naming what was waited for and, when given, why it did not come. */
export async function waitUntil(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  timeoutMs: number,
  why?: () => string,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error([`${what}: not within ${timeoutMs / 1000} s.`, why?.()].filter(Boolean).join("\n"));
    await delay(100);
  }
}
