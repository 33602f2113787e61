import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { quietUntil } from "./quiet-hours.ts";

const until = (now: string, start: string, end: string, timeZone = "UTC") =>
  quietUntil({ start, end, timeZone }, new Date(now))?.toISOString();

test.each([
  ["2026-05-01T23:30:30Z", "22:00", "07:00", "UTC", "2026-05-02T07:00:00.000Z"],
  ["2026-05-01T06:59:59Z", "22:00", "07:00", "UTC", "2026-05-01T07:00:00.000Z"],
  ["2026-05-01T07:00:00Z", "22:00", "07:00", "UTC", undefined],
  ["2026-05-01T21:59:59Z", "22:00", "07:00", "UTC", undefined],
  ["2026-05-01T12:30:00Z", "12:00", "13:00", "UTC", "2026-05-01T13:00:00.000Z"],
  ["2026-05-01T20:30:00Z", "22:00", "07:00", "Europe/Zurich", "2026-05-02T05:00:00.000Z"],
  // Clocks go forward at 02:00 and back at 03:00, local time.
  ["2026-03-28T22:00:00Z", "22:00", "07:00", "Europe/Zurich", "2026-03-29T05:00:00.000Z"],
  ["2026-10-24T22:00:00Z", "22:00", "07:00", "Europe/Zurich", "2026-10-25T06:00:00.000Z"],
  ["2026-05-01T20:00:00Z", "22:00", "07:00", "Asia/Kathmandu", "2026-05-02T01:15:00.000Z"],
])("at %s, quiet from %s to %s in %s: until %s", (now, start, end, zone, expected) => {
  expect(until(now, start, end, zone)).toBe(expected);
});

test("the end lies ahead, within a day and an hour, and out of the quiet hours", () => {
  const time = fc.tuple(fc.nat(23), fc.nat(59)).map((parts) => parts.map((part) => String(part).padStart(2, "0")).join(":"));
  const zone = fc.constantFrom("UTC", "Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu");
  const moment = fc.date({ min: new Date("2026-01-01"), max: new Date("2027-01-01"), noInvalidDate: true });
  fc.assert(
    fc.property(moment, time, time, zone, (now, start, end, timeZone) => {
      const found = quietUntil({ start, end, timeZone }, now);
      if (found === undefined) return true;
      const ahead = found.getTime() - now.getTime();
      return ahead > 0 && ahead <= 25 * 60 * 60_000;
    }),
  );
});
