/** A time of every day, which may go over midnight. */
export interface QuietHours {
  /** Local time, "22:00". */
  readonly start: string;
  readonly end: string;
  /** IANA name. */
  readonly timeZone: string;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;

/** When the quiet hours that `now` lies in end; undefined outside of them. */
export function quietUntil({ start, end, timeZone }: QuietHours, now: Date): Date | undefined {
  const [from, to] = [minutesOf(start), minutesOf(end)];
  const local = localMinutes(now, timeZone);
  const quiet = from < to ? from <= local && local < to : from <= local || local < to;
  if (!quiet) return undefined;
  const minute = Math.floor(now.getTime() / MINUTE_MS) * MINUTE_MS;
  const guess = new Date(minute + forward(local, to) * MINUTE_MS);
  // Where the clocks change in between, the guess is an hour off; the difference is at most half a day either way.
  const off = forward(to, localMinutes(guess, timeZone));
  const mended = new Date(guess.getTime() - (off > DAY_MINUTES / 2 ? off - DAY_MINUTES : off) * MINUTE_MS);
  return mended > now ? mended : guess;
}

/** Minutes from one time of day to the next time it is another. */
function forward(from: number, to: number): number {
  return (to - from + DAY_MINUTES) % DAY_MINUTES;
}

function minutesOf(text: string): number {
  const [hours = "0", minutes = "0"] = text.split(":");
  return Number(hours) * 60 + Number(minutes);
}

function localMinutes(at: Date, timeZone: string): number {
  return minutesOf(new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at));
}
