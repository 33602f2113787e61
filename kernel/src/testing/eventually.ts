/** Far above what any condition needs: whoever waits that long waits for ever. */
const GIVE_UP_AFTER_MS = 10_000;

/** Waits until `condition` holds. */
export async function eventually(what: string, condition: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + GIVE_UP_AFTER_MS;
  while (!condition()) {
    if (performance.now() > giveUpAt) throw new Error(`It never came to it: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
