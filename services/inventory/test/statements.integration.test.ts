import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { OpenDatabase, Transaction } from "@plinth/kernel/database";
import { type CountedDatabase, openCountedDatabase } from "@plinth/kernel/testing";
import { stockMover } from "../src/store/move-stock.ts";
import { PostgresReservationStore } from "../src/store/reservation-store.ts";
import { StockEvents } from "../src/store/stock-events.ts";
import { PostgresStockStore } from "../src/store/stock-store.ts";
import { type StockPlatform, startStockPlatform } from "./stock-platform.ts";

let p: StockPlatform;
let database: OpenDatabase;
let reservations: PostgresReservationStore;
let stock: PostgresStockStore;
let counted: CountedDatabase["counted"];

beforeAll(async () => {
  p = await startStockPlatform();
  ({ database, counted } = await openCountedDatabase({
    url: p.harness.databaseUrl("inventory"),
    schema: "inventory",
  }));
  // The real outlets write all events of a transaction by one statement; here each event would be counted.
  let events = 0;
  const outlets = { publish: async (_tx: Transaction) => void events++, audit: async () => {} };
  const moveStock = stockMover(new StockEvents(outlets, () => 0n));
  stock = new PostgresStockStore(database, moveStock, outlets, () => 0n);
  reservations = new PostgresReservationStore(database, moveStock, new StockEvents(outlets, () => 0n));
});
afterAll(async () => {
  await database.close();
  await p.stop();
});

/** What a whole life of so many lines costs, step by step. */
async function costs(lines: number): Promise<Record<string, number>> {
  const skus = Array.from({ length: lines }, (_, index) => `N${lines}-${index}`);
  const all = skus.map((sku) => ({ sku, quantity: 4n, warehouseId: "" }));
  const reserve = (reference: string) =>
    reservations.reserve(
      `${reference}_${lines}`,
      all.map((line) => ({ ...line, quantity: 1n })),
      600,
    );
  const change = { kind: "receive", warehouseId: "", reference: "", reason: "", note: "", lines: all } as const;
  const costOf = {
    receive: await counted(() => stock.change(change)),
    check: await counted(() => stock.checkStocks(all.map((line) => ({ ...line, productId: "" })))),
    reserve: await counted(() => reserve("a")),
    commit: await counted(() => reservations.move(`a_${lines}`, "commit", 600)),
    reserveOther: await counted(() => reserve("b")),
    release: await counted(() => reservations.release(`b_${lines}`)),
    reserveThird: await counted(() => reserve("c")),
  };
  await p.lapse(`c_${lines}`);
  // Books the expiry of all lines beside.
  const reserveExpired = await counted(() => reserve("d"));
  await p.lapse(`d_${lines}`);
  return { ...costOf, reserveExpired, commitExpired: await counted(() => reservations.move(`c_${lines}`, "commit", 600)) };
}

test("500 lines cost as many statements as one", async () => {
  // A connection that is new is told the tenant first.
  await costs(2);
  const one = await costs(1);
  expect(await costs(500)).toEqual(one);
  // begin, warehouses, reservation with lines, the move, commit.
  expect(one.reserve).toBe(5);
});
