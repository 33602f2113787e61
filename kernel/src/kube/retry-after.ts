/** No wait that a server asks for is taken for longer than this: the hint is of a proxy then, or a mistake. */
const MAX_MS = 120_000;

/** Milliseconds of a `Retry-After`: seconds, or a date. Undefined when there is none, or none that can be read. */
export function retryAfterMs(header: string | readonly string[] | undefined, now = Date.now()): number | undefined {
  const text = typeof header === "string" ? header : header?.[0];
  if (text === undefined || text === "") return undefined;
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), MAX_MS);
}

/** Exponential with full jitter: after the `failed`th failure in a row (1 for the first), evenly spread up to the bound. */
export function backOffMs(failed: number, initialMs: number, maxMs: number, random: () => number = Math.random): number {
  return random() * Math.min(maxMs, initialMs * 2 ** Math.min(failed - 1, 30));
}
