import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { estimateDelivery, isTimeZone } from "./delivery-estimate.ts";

const BERLIN = { cutOffHour: 14, timeZone: "Europe/Berlin" };

describe("what is ordered", () => {
  test.each([
    ["before the cut-off on a Monday goes out that day", "2026-06-01T11:59:59Z", 2, BERLIN, "2026-06-03T18:00:00.000Z"],
    ["at the cut-off goes out on the next day", "2026-06-01T12:00:00Z", 2, BERLIN, "2026-06-04T18:00:00.000Z"],
    ["on a Friday evening goes out on Monday", "2026-06-05T16:00:00Z", 1, BERLIN, "2026-06-09T18:00:00.000Z"],
    ["on a Friday noon is not brought at the weekend", "2026-06-05T10:00:00Z", 1, BERLIN, "2026-06-08T18:00:00.000Z"],
    ["on a Sunday goes out on Monday", "2026-06-07T08:00:00Z", 0, BERLIN, "2026-06-08T18:00:00.000Z"],
    ["before the clocks change arrives by the new time", "2026-10-23T10:00:00Z", 1, BERLIN, "2026-10-26T19:00:00.000Z"],
    [
      "is dated by the warehouse's calendar",
      "2026-06-01T23:00:00Z",
      0,
      { cutOffHour: 24, timeZone: "Asia/Kolkata" },
      "2026-06-02T14:30:00.000Z",
    ],
    [
      "with a cut-off at midnight always goes out later",
      "2026-06-01T00:00:00Z",
      0,
      { cutOffHour: 0, timeZone: "UTC" },
      "2026-06-02T20:00:00.000Z",
    ],
  ])("%s", (_what, at, days, place, arrives) => {
    expect(estimateDelivery(new Date(at), days, place).toISOString()).toBe(arrives);
  });

  test("arrives on a working day, never before it was ordered, and never later for being ordered earlier", () => {
    const moment = fc.date({ min: new Date("2020-01-01"), max: new Date("2040-01-01"), noInvalidDate: true });
    const zone = fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland");
    fc.assert(
      fc.property(
        moment,
        fc.nat(30),
        fc.integer({ min: 0, max: 24 }),
        zone,
        fc.nat(100_000_000),
        (at, days, cutOffHour, timeZone, later) => {
          const place = { cutOffHour, timeZone };
          const arrival = estimateDelivery(at, days, place);
          expect(["Sat", "Sun"]).not.toContain(new Intl.DateTimeFormat("en", { timeZone, weekday: "short" }).format(arrival));
          expect(new Intl.DateTimeFormat("en", { timeZone, hour: "2-digit", hourCycle: "h23" }).format(arrival)).toBe("20");
          const next = estimateDelivery(new Date(at.getTime() + later), days, place);
          expect(next.getTime()).toBeGreaterThanOrEqual(arrival.getTime());
        },
      ),
    );
  });
});

test.each([
  ["Europe/Berlin", true],
  ["UTC", true],
  ["Middle/Earth", false],
  ["", false],
])("%p as a time zone: %p", (name, is) => expect(isTimeZone(name)).toBe(is));
