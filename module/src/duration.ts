const MILLISECONDS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

type Unit = keyof typeof MILLISECONDS;

const DURATION = /^([1-9][0-9]{0,8})(ms|s|m|h|d)$/;
const UNITS_LARGEST_FIRST: readonly Unit[] = ["d", "h", "m", "s", "ms"];

/** Milliseconds of a duration as `250ms`, `2s`, `5m`, `1h` or `7d`. Throws a RangeError for anything else. */
export function parseDuration(text: string): number {
  const match = DURATION.exec(text);
  if (match === null) throw new RangeError(`not a duration: ${text.slice(0, 40)} (write 250ms, 2s, 5m, 1h or 7d)`);
  return Number(match[1]) * MILLISECONDS[match[2] as Unit];
}

/** Writes milliseconds in the largest unit that needs no fraction. Throws a RangeError unless they are a positive integer. */
export function formatDuration(milliseconds: number): string {
  if (!Number.isSafeInteger(milliseconds) || milliseconds <= 0) throw new RangeError(`not a duration: ${milliseconds} ms`);
  const unit = UNITS_LARGEST_FIRST.find((candidate) => milliseconds % MILLISECONDS[candidate] === 0) ?? "ms";
  return `${milliseconds / MILLISECONDS[unit]}${unit}`;
}
