import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { PlinthError } from "@plinth/kernel/base";
import { AdjustReason, ReservationStatus } from "@plinth/proto/inventory/v1/inventory_pb";
import fc from "fast-check";
import { type StockPlatform, startStockPlatform } from "./stock-platform.ts";

/** Many buyers at once over three instances of the service. */

let p: StockPlatform;
beforeAll(async () => {
  p = await startStockPlatform(3);
});
afterAll(() => p.stop());
afterEach(async () => {
  expect(await p.unbalanced()).toEqual([]);
  expect(await p.sql("select deadlocks from pg_stat_database where datname = current_database() and deadlocks > 0")).toEqual([]);
});

/** The reasons of those that were refused, and how many were not. */
async function outcomes(calls: readonly Promise<unknown>[]): Promise<{ done: number; reasons: string[] }> {
  const results = await Promise.allSettled(calls);
  const refused = results
    .filter((result) => result.status === "rejected")
    .map(({ reason }) => (reason instanceof PlinthError ? reason.reason : String(reason)));
  return { done: results.length - refused.length, reasons: [...new Set(refused)] };
}

/** Every second one names the warehouse. */
const somewhere = (index: number) => (index % 2 === 0 ? {} : { warehouseId: p.warehouseId });
const times = <T>(count: number, call: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => call(index));

test("of 200 buyers of 50 units exactly 50 get one", async () => {
  const sku = await p.stocked(50);
  const buyers = await outcomes(
    times(200, (index) => p.as().reserve({ reference: `hot_${index}`, lines: [{ sku, quantity: 1n, ...somewhere(index) }] })),
  );
  expect(buyers).toEqual({ done: 50, reasons: ["OUT_OF_STOCK"] });
  await expect(p.as().checkStock({ sku })).resolves.toMatchObject({ onHand: 50n, reserved: 50n, available: 0n, inStock: false });
  const [{ count } = { count: "" }] = await p.sql<{ count: string }>(
    "select count(*) from inventory.reservations where reference like 'hot_%'",
  );
  expect(count).toBe("50");
});

test("buyers of the same two SKUs in opposite order neither block each other for ever nor oversell", async () => {
  const [a, b] = [await p.stocked(20), await p.stocked(30)];
  const buyers = await outcomes(
    times(100, (index) => {
      const lines = [a, b].map((sku) => ({ sku, quantity: 1n, ...somewhere(index >> 1) }));
      return p.as().reserve({ reference: `cross_${index}`, lines: index % 2 === 0 ? lines : lines.toReversed() });
    }),
  );
  expect(buyers).toEqual({ done: 20, reasons: ["OUT_OF_STOCK"] });
  await expect(p.as().checkStock({ sku: b })).resolves.toMatchObject({ reserved: 20n });
});

test("stock that expired at once is sold again exactly once", async () => {
  const sku = await p.stocked(20);
  for (const index of times(10, (each) => each)) await p.as().reserve({ reference: `old_${index}`, lines: [{ sku, quantity: 2n }] });
  for (const index of times(10, (each) => each)) await p.lapse(`old_${index}`);
  const buyers = await outcomes(
    times(60, (index) => p.as().reserve({ reference: `new_${index}`, lines: [{ sku, quantity: 1n, ...somewhere(index) }] })),
  );
  expect(buyers).toEqual({ done: 20, reasons: ["OUT_OF_STOCK"] });
});

test("one reference that is asked for many times at once is reserved once", async () => {
  const sku = await p.stocked(50);
  const answers = await Promise.all(
    times(30, (index) => p.as().reserve({ reference: "same", lines: [{ sku, quantity: 5n, ...somewhere(index) }] })),
  );
  expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
  await expect(p.as().checkStock({ sku })).resolves.toMatchObject({ reserved: 5n });
});

describe("a reservation that is released while it is made", () => {
  test("holds nothing in the end, whichever came first", async () => {
    const sku = await p.stocked(100);
    await Promise.allSettled(
      times(40, (index) => index).flatMap((index) => [
        p.as().reserve({ reference: `race_${index}`, lines: [{ sku, quantity: 2n }] }),
        p.as().releaseReservation({ reference: `race_${index}` }),
      ]),
    );
    await expect(p.as().checkStock({ sku })).resolves.toMatchObject({ onHand: 100n, reserved: 0n });
    await expect(p.as().getReservation({ reference: "race_7" })).resolves.toMatchObject({ status: ReservationStatus.RELEASED });
  });

  test("is either committed or released, never both", async () => {
    const sku = await p.stocked(40);
    for (const index of times(20, (each) => each)) await p.as().reserve({ reference: `end_${index}`, lines: [{ sku, quantity: 2n }] });
    const ends = times(20, (index) => index).flatMap((index) => [
      p.as().commitReservation({ reference: `end_${index}` }),
      p.as().releaseReservation({ reference: `end_${index}` }),
    ]);
    expect(await outcomes(ends)).toEqual({ done: 20, reasons: ["RESERVATION_STATUS"] });
    const [{ committed } = { committed: "" }] = await p.sql<{ committed: string }>(
      "select count(*) as committed from inventory.reservations where reference like 'end_%' and status = 'committed'",
    );
    await expect(p.as().checkStock({ sku })).resolves.toMatchObject({ onHand: 40n - 2n * BigInt(committed), reserved: 0n });
  });
});

test("whatever many do at once, in any order: nothing below zero, no unit twice, the ledger adds up", async () => {
  const skus = await Promise.all(times(3, () => p.stocked(30)));
  const quantity = fc.bigInt({ min: 1n, max: 6n });
  const line = fc.record({ sku: fc.constantFrom(...skus), quantity, warehouseId: fc.constantFrom("", p.warehouseId) });
  const act = fc.record({
    kind: fc.constantFrom("reserve", "commit", "release", "extend", "lapse", "adjust", "receive"),
    reference: fc.integer({ min: 1, max: 25 }).map((number) => `any_${number}`),
    lines: fc.array(line, { minLength: 1, maxLength: 3 }),
  });
  const allowed = ["OUT_OF_STOCK", "RESERVATION_STATUS", "RESERVATION_EXISTS", "RESERVATION_NOT_FOUND"];
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 40, maxLength: 40 }), async (acts) => {
      const { reasons } = await outcomes(
        acts.map(({ kind, reference, lines }): Promise<unknown> => {
          const stock = p.as();
          if (kind === "reserve") return stock.reserve({ reference, lines });
          if (kind === "commit") return stock.commitReservation({ reference });
          if (kind === "release") return stock.releaseReservation({ reference });
          if (kind === "extend") return stock.extendReservation({ reference });
          if (kind === "lapse") return p.lapse(reference);
          if (kind === "receive") return stock.receive({ lines: lines.map(({ sku, quantity }) => ({ sku, quantity })) });
          return stock.adjust({ reason: AdjustReason.LOST, lines: lines.map(({ sku, quantity }) => ({ sku, difference: -quantity })) });
        }),
      );
      expect(reasons.filter((reason) => !allowed.includes(reason))).toEqual([]);
      expect(await p.unbalanced()).toEqual([]);
    }),
    { numRuns: 10 },
  );
});
