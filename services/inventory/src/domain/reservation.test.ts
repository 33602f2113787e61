import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Line, MAX_QUANTITY, mergedLines, sameLines } from "./lines.ts";
import { checkSameLines, openReservation, planMove, type Reservation, releasedBeforeArrival, statusAt } from "./reservation.ts";

const NOW = new Date("2026-01-02T03:04:05Z");
const LINES: readonly Line[] = [{ sku: "A", warehouseId: "wh_1", quantity: 2n }];
const aReservation = (change: Partial<Reservation> = {}): Reservation => ({
  ...openReservation("default", "ord_1", LINES, 600, NOW),
  ...change,
});

const aLine: fc.Arbitrary<Line> = fc.record({
  sku: fc.constantFrom("A", "B", "b", "Ä"),
  warehouseId: fc.constantFrom("wh_1", "wh_2"),
  quantity: fc.bigInt({ min: 1n, max: 1000n }),
});

describe("merged lines", () => {
  test("keep every unit, name each place once, and stand in the order of locks whatever order they came in", () => {
    fc.assert(
      fc.property(fc.array(aLine, { maxLength: 40 }), (lines) => {
        const merged = mergedLines(lines);
        const sum = (some: readonly Line[], sku: string) =>
          some.filter((line) => line.sku === sku).reduce((total, line) => total + line.quantity, 0n);
        for (const sku of ["A", "B", "b", "Ä"]) expect(sum(merged, sku)).toBe(sum(lines, sku));
        const places = merged.map(({ sku, warehouseId }) => `${sku} ${warehouseId}`);
        expect(new Set(places).size).toBe(places.length);
        expect(sameLines(merged, mergedLines(lines.toReversed()))).toBe(true);
      }),
    );
  });

  test("leave out what cancels itself, and refuse sums that are absurd", () => {
    const differences = [5n, -5n].map((quantity) => ({ sku: "A", warehouseId: "wh_1", quantity }));
    expect(mergedLines(differences)).toEqual([]);
    const tooMany = [MAX_QUANTITY, 1n].map((quantity) => ({ sku: "A", warehouseId: "wh_1", quantity }));
    expect(() => mergedLines(tooMany)).toThrow(
      expect.objectContaining({ code: "VALIDATION_ERROR", fieldErrors: { lines: expect.any(String) } }),
    );
  });
});

describe("a held reservation", () => {
  test.each([
    ["commit", ["commit"], "committed"],
    ["release", ["release"], "released"],
    ["extend", [], "held"],
    ["reserve", [], "held"],
  ] as const)("is moved by %s with the stock %j and then is %s", (move, stock, status) => {
    expect(planMove(aReservation(), move, 600, NOW)).toMatchObject({ stock, after: { status, lines: LINES } });
  });

  test("is extended from now on, and never made shorter", () => {
    expect(planMove(aReservation(), "extend", 3600, NOW).after.expiresAt).toEqual(new Date(NOW.getTime() + 3_600_000));
    expect(planMove(aReservation(), "extend", 1, NOW).after.expiresAt).toEqual(aReservation().expiresAt);
  });

  test("has expired for its owner when its time is over, whether or not anybody booked it", () => {
    const reservation = aReservation();
    expect(statusAt(reservation, new Date(reservation.expiresAt.getTime() - 1))).toBe("held");
    expect(statusAt(reservation, reservation.expiresAt)).toBe("expired");
    expect(statusAt({ ...reservation, status: "committed" }, reservation.expiresAt)).toBe("committed");
  });
});

describe("an expired reservation", () => {
  const expired = aReservation({ status: "expired", endedAt: NOW });

  test.each([
    ["commit", ["reserve", "commit"], "committed"],
    ["extend", ["reserve"], "held"],
    ["reserve", ["reserve"], "held"],
    ["release", [], "released"],
  ] as const)("is moved by %s with the stock %j and then is %s", (move, stock, status) => {
    expect(planMove(expired, move, 600, NOW)).toMatchObject({ stock, after: { status } });
  });
});

test.each([
  ["committed", "release"],
  ["committed", "extend"],
  ["released", "reserve"],
  ["released", "extend"],
  ["released", "commit"],
] as const)("what is %s refuses %s, and says what is possible", (status, move) => {
  expect(() => planMove(aReservation({ status }), move, 600, NOW)).toThrow(
    expect.objectContaining({ code: "CONFLICT", reason: "RESERVATION_STATUS", metadata: expect.objectContaining({ state: status, move }) }),
  );
});

test("a reference stands for its lines; one that was closed before it arrived is refused by its status instead", () => {
  const others = [{ sku: "A", warehouseId: "wh_1", quantity: 3n }];
  expect(() => checkSameLines(aReservation(), others)).toThrow(expect.objectContaining({ reason: "RESERVATION_EXISTS" }));
  expect(() => checkSameLines(releasedBeforeArrival("default", "ord_1", NOW), others)).not.toThrow();
});

test("whatever happens to a reservation, in any order: it gives back what it took, takes nothing twice, and ends for good", () => {
  const moves = fc.array(fc.constantFrom("reserve", "extend", "commit", "release", "expire" as const), { maxLength: 30 });
  fc.assert(
    fc.property(moves, (wanted) => {
      let reservation = aReservation();
      let [onHand, reserved] = [10n, 2n];
      for (const move of wanted) {
        if (move === "expire") {
          if (reservation.status !== "held") continue;
          reservation = { ...reservation, status: "expired" };
          reserved -= 2n;
          continue;
        }
        let plan: ReturnType<typeof planMove>;
        try {
          plan = planMove(reservation, move, 600, NOW);
        } catch {
          continue;
        }
        for (const step of plan.stock) {
          if (step === "reserve") reserved += 2n;
          else reserved -= 2n;
          if (step === "commit") onHand -= 2n;
        }
        if (reservation.status === "committed" || reservation.status === "released") expect(plan.stock).toEqual([]);
        reservation = plan.after;
        expect(reserved).toBe(reservation.status === "held" ? 2n : 0n);
        expect(onHand).toBe(reservation.status === "committed" ? 8n : 10n);
      }
    }),
  );
});
