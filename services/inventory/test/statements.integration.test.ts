import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { OpenDatabase } from "@plinth/kernel/database";
import { createPublisher } from "@plinth/kernel/events";
import { type CountedDatabase, openCountedDatabase } from "@plinth/kernel/testing";
import { stockMover } from "../src/store/move-stock.ts";
import { PostgresReservationStore } from "../src/store/reservation-store.ts";
import { StockEvents } from "../src/store/stock-events.ts";
import { PostgresStockStore } from "../src/store/stock-store.ts";
import { type StockPlatform, startStockPlatform } from "./stock-platform.ts";

let p: StockPlatform;
let database: OpenDatabase;
let reservations: PostgresReservationStore;
/** Of another process. */
let others: PostgresReservationStore;
let stock: PostgresStockStore;
let counted: CountedDatabase["counted"];

beforeAll(async () => {
  p = await startStockPlatform();
  ({ database, counted } = await openCountedDatabase({
    url: p.harness.databaseUrl("inventory"),
    schema: "inventory",
  }));
  const types = ["stock.changed", "stock.low", ...["created", "committed", "released", "expired"].map((what) => `reservation.${what}`)];
  const { publish, prepare } = createPublisher({ module: "inventory", types: new Set(types.map((type) => `inventory.${type}`)) });
  const outlets = { publish, prepareEvents: prepare, audit: async () => {} };
  const moveStock = stockMover(new StockEvents(outlets, () => 0n));
  stock = new PostgresStockStore(database, moveStock, outlets, () => 0n);
  const open = () => new PostgresReservationStore(database, moveStock, new StockEvents(outlets, () => 0n));
  [reservations, others] = [open(), open()];
});
afterAll(async () => {
  await database.close();
  await p.stop();
});

/** What a whole life of so many lines costs, step by step. */
async function costs(lines: number): Promise<Record<string, number>> {
  const skus = Array.from({ length: lines }, (_, index) => `N${lines}-${index}`);
  const all = skus.map((sku) => ({ sku, quantity: 5n, warehouseId: "" }));
  const reserve = (reference: string, warehouseId = p.warehouseId) =>
    reservations.reserve(
      `${reference}_${lines}`,
      all.map((line) => ({ ...line, quantity: 1n, warehouseId })),
      600,
    );
  const change = { kind: "receive", warehouseId: "", reference: "", reason: "", note: "", lines: all } as const;
  const costOf = {
    receive: await counted(() => stock.change(change)),
    check: await counted(() => stock.checkStocks(all.map((line) => ({ ...line, productId: "" })))),
    reserve: await counted(() => reserve("a")),
    reserveAgain: await counted(() => reserve("a")),
    reserveSixth: await counted(() => reserve("g")),
    commit: await counted(() => reservations.move(`a_${lines}`, "commit", 600)),
    commitOthers: await counted(() => others.move(`g_${lines}`, "commit", 600)),
    reserveSomewhere: await counted(() => reserve("b", "")),
    release: await counted(() => reservations.release(`b_${lines}`)),
    reserveThird: await counted(() => reserve("c")),
    reserveFourth: await counted(() => reserve("d")),
    reserveFifth: await counted(() => reserve("e")),
  };
  for (const lapsed of ["c", "d", "e"]) await p.lapse(`${lapsed}_${lines}`);
  // Books the expiry of all lines beside.
  const reserveExpired = await counted(() => reserve("f"));
  await p.lapse(`f_${lines}`);
  return { ...costOf, reserveExpired, commitExpired: await counted(() => reservations.move(`c_${lines}`, "commit", 600)) };
}

test("500 lines cost as many statements as one", async () => {
  // A connection that is new is told the tenant first.
  await costs(2);
  const one = await costs(1);
  expect(await costs(500)).toEqual(one);
  // What another process has reserved is read before it is committed.
  expect(one).toMatchObject({ reserve: 1, reserveSomewhere: 1, commit: 1, commitOthers: 2 });
  // That one in vain, then begin, warehouses, reservation with lines, the reservation that is there, its update, commit.
  expect(one.reserveAgain).toBe(7);
  // That one in vain, then begin, warehouses, reservation with lines, the move, events, commit.
  expect(one.reserveExpired).toBe(7);
});
