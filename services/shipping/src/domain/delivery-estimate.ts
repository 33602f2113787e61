/** The day's hour, local time, until which parcels are brought. */
const LAST_HOUR = 20;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** A day of the calendar, as midnight UTC of that day. */
type Day = number;

/**
 * When something that may go out at `from` arrives at the latest: it is handed over on that working day, or on the next one when the cut-off hour
 * has passed, and is `days` working days on the way. Monday to Friday work; of holidays nobody here knows.
 */
export function estimateDelivery(from: Date, days: number, { cutOffHour, timeZone }: { cutOffHour: number; timeZone: string }): Date {
  const { day, hour } = localTime(from, timeZone);
  const handedOver = onWorkingDay(hour < cutOffHour ? day : day + DAY_MS);
  let arrival = handedOver;
  for (let left = days; left > 0; left--) arrival = onWorkingDay(arrival + DAY_MS);
  return instantOf(arrival, LAST_HOUR, timeZone);
}

/** Whether there is such a time zone. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function onWorkingDay(day: Day): Day {
  const weekday = new Date(day).getUTCDay();
  if (weekday === 6) return day + 2 * DAY_MS;
  return weekday === 0 ? day + DAY_MS : day;
}

/** What calendar and clock show there. */
function localTime(at: Date, timeZone: string): { day: Day; hour: number; minute: number } {
  const format = new Intl.DateTimeFormat("en", {
    ...{ timeZone, calendar: "iso8601", hourCycle: "h23" },
    ...{ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" },
  });
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts;
  return { day: Date.UTC(year, month - 1, day), hour, minute };
}

/** The moment at which the clock there shows this hour of this day. */
function instantOf(day: Day, hour: number, timeZone: string): Date {
  const wanted = day + hour * HOUR_MS;
  const shown = localTime(new Date(wanted), timeZone);
  const offset = shown.day + shown.hour * HOUR_MS + shown.minute * MINUTE_MS - wanted;
  return new Date(wanted - offset);
}
