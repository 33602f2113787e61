import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type OpenDatabase, openDatabase } from "@plinth/kernel/database";
import { createPublisher } from "@plinth/kernel/events";
import { silentLogger } from "@plinth/kernel/logging";
import { MovementKind } from "@plinth/proto/inventory/v1/inventory_pb";
import { stockMover } from "../src/store/move-stock.ts";
import { PostgresReservationStore } from "../src/store/reservation-store.ts";
import { StockEvents } from "../src/store/stock-events.ts";
import { type StockPlatform, startStockPlatform } from "./stock-platform.ts";

/** The job that books expiry, which no call reaches. */

let p: StockPlatform;
let database: OpenDatabase;

beforeAll(async () => {
  p = await startStockPlatform();
  database = await openDatabase({ url: p.harness.databaseUrl("inventory"), schema: "inventory", entities: [], logger: silentLogger });
});
afterAll(async () => {
  await database.close();
  await p.stop();
});

const expire = () => {
  const { publish, prepare } = createPublisher({
    module: "inventory",
    types: new Set(["inventory.stock.changed", "inventory.reservation.expired"]),
  });
  const events = new StockEvents({ publish, prepareEvents: prepare }, () => 0n);
  return new PostgresReservationStore(database, stockMover(events), events).expire();
};

test("what expired is booked in every tenant, once though two instances do it at once, and nothing that is still held", async () => {
  const sku = await p.stocked(300);
  await p.as("acme").createWarehouse({ code: "A", name: "Acme", country: "DE" });
  await p.as("acme").receive({ lines: [{ sku, quantity: 5n }] });
  await p.as("acme").reserve({ reference: "r_0", lines: [{ sku, quantity: 5n }] });
  const references = Array.from({ length: 120 }, (_, index) => `r_${index}`);
  await Promise.all(references.map((reference) => p.as().reserve({ reference, lines: [{ sku, quantity: 2n }] })));
  await p.as().reserve({ reference: "held", lines: [{ sku, quantity: 7n }] });
  await p.sql("update inventory.reservations set expires_at = now() - interval '1 second' where reference like 'r_%'");

  const booked = await Promise.all([expire(), expire()]);
  expect(booked.reduce((sum, count) => sum + count, 0)).toBe(121);
  expect(await p.sql("select tenant_id, on_hand, reserved from inventory.levels order by tenant_id")).toEqual([
    { tenant_id: "acme", on_hand: "5", reserved: "0" },
    { tenant_id: "default", on_hand: "300", reserved: "7" },
  ]);
  const { movements } = await p.as("acme").listMovements({ kind: MovementKind.EXPIRE });
  expect(movements).toMatchObject([{ sku, reference: "r_0", reservedDifference: -5n, onHandDifference: 0n }]);
  expect(await p.unbalanced()).toEqual([]);
  expect(await expire()).toBe(0);
});
