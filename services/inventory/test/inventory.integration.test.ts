import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { ReservationCreatedSchema } from "@plinth/proto/inventory/v1/events_pb";
import { AdjustReason, MovementKind, ReservationStatus, StockReason, WarehouseStatus } from "@plinth/proto/inventory/v1/inventory_pb";
import { type StockPlatform, startStockPlatform } from "./stock-platform.ts";

let p: StockPlatform;
let references = 0;
const aReference = () => `ord_${++references}`;

beforeAll(async () => {
  p = await startStockPlatform();
});
afterAll(() => p.stop());
// Whatever a test does: the ledger adds up, and no reservation is forgotten.
afterEach(async () => expect(await p.unbalanced()).toEqual([]));

const stockOf = async (sku: string, quantity = 1n) => {
  const { onHand, reserved, available, inStock } = await p.as().checkStock({ sku, quantity });
  return { onHand, reserved, available, inStock };
};
const outOfStock = { code: "CONFLICT", reason: "OUT_OF_STOCK" };
/** What was written for other modules with this text in it; the relay may have moved it from the outbox to the bus. */
const published = async (text: string) => {
  const sent = await p.sql<{ envelope: { type: string; data: Record<string, unknown> } }>(
    `select envelope from (select envelope from inventory.outbox union all select envelope from plinth_bus.log) sent
     where envelope->>'topic' like 'inventory.%' and envelope::text like '%' || $1 || '%' order by envelope->>'eventId'`,
    [text],
  );
  return sent.map(({ envelope }) => envelope);
};

describe("warehouses", () => {
  test("have codes of their own; the first is the default, and stays active", async () => {
    const { id, code } = await p.as().createWarehouse({ code: "MUC-1", name: "Munich", country: "DE" });
    await expect(p.as().createWarehouse({ code, name: "Other", country: "DE" })).rejects.toMatchObject({
      code: "CONFLICT",
      reason: "WAREHOUSE_EXISTS",
    });
    const { warehouses } = await p.as().listWarehouses({});
    expect(warehouses.map((warehouse) => [warehouse.code, warehouse.isDefault])).toEqual([
      ["BER-1", true],
      ["MUC-1", false],
    ]);
    const off = { id: p.warehouseId, status: WarehouseStatus.INACTIVE };
    await expect(p.as().updateWarehouse(off)).rejects.toMatchObject({ reason: "DEFAULT_WAREHOUSE" });
    await expect(p.as().updateWarehouse({ id, name: "M", expectedVersion: 7 })).rejects.toMatchObject({ reason: "VERSION_CONFLICT" });
    await p.as().updateWarehouse({ id, makeDefault: true });
    await expect(p.as().getWarehouse({ id: p.warehouseId })).resolves.toMatchObject({ isDefault: false });
    await p.as().updateWarehouse({ id: p.warehouseId, makeDefault: true });
    await p.as().updateWarehouse({ id, status: WarehouseStatus.INACTIVE });
    await expect(p.as().receive({ warehouseId: id, lines: [{ sku: "X", quantity: 1n }] })).rejects.toMatchObject({
      reason: "WAREHOUSE_INACTIVE",
    });
    await expect(p.as().checkStock({ sku: "X", warehouseId: id })).resolves.toMatchObject({
      inStock: false,
      reason: StockReason.INACTIVE_WAREHOUSE,
    });
  });
});

describe("stock", () => {
  test("that came in is available; the ledger says how it came to be", async () => {
    const sku = await p.stocked(5);
    await p.as().receive({
      reference: "DN-17",
      lines: [
        { sku, quantity: 2n },
        { sku, quantity: 1n },
      ],
    });
    await p.as().adjust({ reason: AdjustReason.DAMAGED, note: "fell", lines: [{ sku, difference: -2n }] });
    expect(await stockOf(sku, 6n)).toEqual({ onHand: 6n, reserved: 0n, available: 6n, inStock: true });
    expect(await stockOf(sku, 7n)).toMatchObject({ inStock: false });
    const { movements } = await p.as().listMovements({ sku });
    expect(
      movements.map(({ kind, onHandDifference, reference, note, actorId }) => [kind, onHandDifference, reference, note, actorId]),
    ).toEqual([
      [MovementKind.ADJUST, -2n, "", "fell", "user_clerk"],
      [MovementKind.RECEIVE, 3n, "DN-17", "", "user_clerk"],
      [MovementKind.RECEIVE, 5n, "", "", "user_clerk"],
    ]);
    expect(movements[0]?.id).toMatch(/^mov_/);
    expect((await p.as().listMovements({ reference: "DN-17" })).movements).toHaveLength(1);
  });

  test("of a product is that of its SKUs, and there when one of them has it all", async () => {
    const [small, large] = [await p.stocked(2), await p.stocked(3)];
    for (const sku of [small, large]) await p.as().setItem({ sku, productId: "prod_shirt" });
    await expect(p.as().checkStock({ productId: "prod_shirt", quantity: 3n })).resolves.toMatchObject({ available: 5n, inStock: true });
    await expect(p.as().checkStock({ productId: "prod_shirt", quantity: 4n })).resolves.toMatchObject({
      inStock: false,
      reason: StockReason.TOO_FEW,
    });
    await expect(p.as().checkStock({ productId: "prod_none" })).resolves.toMatchObject({
      inStock: false,
      reason: StockReason.NEVER_STOCKED,
    });
  });

  test("is checked for many lines at once, each answered for itself and in their order", async () => {
    const sku = await p.stocked(4);
    const { items } = await p
      .as()
      .checkStocks({ items: [{ sku: "NONE" }, { sku, quantity: 9n }, { sku, warehouseId: "wh_none" }, { sku, quantity: 4n }] });
    expect(items.map(({ reason }) => reason)).toEqual([
      StockReason.NEVER_STOCKED,
      StockReason.TOO_FEW,
      StockReason.UNKNOWN_WAREHOUSE,
      StockReason.IN_STOCK,
    ]);
    expect(items.map(({ warehouseId }) => warehouseId)).toEqual([p.warehouseId, p.warehouseId, "", p.warehouseId]);
  });

  test("never goes below what is reserved: a correction takes what is available, all lines or none", async () => {
    const [sku, other] = [await p.stocked(5), await p.stocked(5)];
    await p.as().reserve({ reference: aReference(), lines: [{ sku, quantity: 4n }] });
    const lines = [
      { sku: other, difference: -1n },
      { sku, difference: -2n },
    ];
    const correction = p.as().adjust({ reason: AdjustReason.LOST, lines });
    await expect(correction).rejects.toMatchObject({ ...outOfStock, metadata: { sku, available: "1", requested: "2" } });
    expect(await stockOf(other)).toMatchObject({ onHand: 5n });
  });

  test("that has become low says so once, by its own threshold or the module's", async () => {
    const sku = await p.stocked(10);
    await p.as().setItem({ sku, lowStockThreshold: 8n });
    const low = async () => (await p.as().listLevels({ sku, onlyLow: true })).levels.length;
    expect(await low()).toBe(0);
    await p.as().reserve({ reference: aReference(), lines: [{ sku, quantity: 2n }] });
    expect(await low()).toBe(1);
  });
});

test("not even a wrong statement brings a level below zero or below what is reserved", async () => {
  const sku = await p.stocked(5);
  for (const wrong of ["on_hand = -1", "reserved = -1", "reserved = 6"]) {
    await expect(p.sql(`update inventory.levels set ${wrong} where sku = $1`, [sku])).rejects.toMatchObject({
      constraint: "levels_never_negative",
    });
  }
});

describe("a reservation", () => {
  test("holds all its lines or none, and says what is missing", async () => {
    const [sku, scarce] = [await p.stocked(5), await p.stocked(1)];
    const reference = aReference();
    const lines = [
      { sku, quantity: 1n },
      { sku: scarce, quantity: 2n },
    ];
    await expect(p.as().reserve({ reference, lines })).rejects.toMatchObject({
      ...outOfStock,
      metadata: { sku: scarce, warehouse_id: p.warehouseId, available: "1", requested: "2" },
    });
    expect(await stockOf(sku)).toMatchObject({ reserved: 0n });
    // What was refused left nothing behind: the reference is still free.
    await expect(p.as().reserve({ reference, lines: [{ sku, quantity: 1n }] })).resolves.toMatchObject({ status: ReservationStatus.HELD });
  });

  test("is answered again when it is asked for again, and refused with other lines", async () => {
    const sku = await p.stocked(5);
    const reference = aReference();
    const first = await p.as().reserve({ reference, lines: [{ sku, quantity: 2n }] });
    expect(Number(first.expiresAt?.seconds) - Number(first.createdAt?.seconds)).toBe(600);
    const again = await p.as().reserve({
      reference,
      lines: [
        { sku, quantity: 1n },
        { sku, quantity: 1n, warehouseId: p.warehouseId },
      ],
    });
    expect(again).toMatchObject({ id: first.id, expiresAt: first.expiresAt });
    await expect(p.as().reserve({ reference, lines: [{ sku, quantity: 3n }] })).rejects.toMatchObject({
      code: "CONFLICT",
      reason: "RESERVATION_EXISTS",
    });
    expect(await stockOf(sku)).toMatchObject({ reserved: 2n });
  });

  test("takes its stock out once, however often it is committed, and then cannot be released", async () => {
    const sku = await p.stocked(5);
    const reference = aReference();
    await p.as().reserve({ reference, lines: [{ sku, quantity: 2n }] });
    const commits = await Promise.all([1, 2, 3].map(() => p.as().commitReservation({ reference })));
    expect(commits.map(({ status }) => status)).toEqual([1, 2, 3].map(() => ReservationStatus.COMMITTED));
    expect(await stockOf(sku)).toEqual({ onHand: 3n, reserved: 0n, available: 3n, inStock: true });
    await expect(p.as().releaseReservation({ reference })).rejects.toMatchObject({
      reason: "RESERVATION_STATUS",
      metadata: { state: "committed" },
    });
    await expect(p.as().reserve({ reference, lines: [{ sku, quantity: 2n }] })).resolves.toMatchObject({
      status: ReservationStatus.COMMITTED,
    });
  });

  test("gives its stock back once, however often it is released, and cannot be used again", async () => {
    const sku = await p.stocked(5);
    const reference = aReference();
    await p.as().reserve({ reference, lines: [{ sku, quantity: 2n }] });
    for (let time = 0; time < 2; time++) await p.as().releaseReservation({ reference });
    expect(await stockOf(sku)).toMatchObject({ onHand: 5n, reserved: 0n });
    const acts = [() => p.as().commitReservation({ reference }), () => p.as().reserve({ reference, lines: [{ sku, quantity: 2n }] })];
    for (const act of acts) {
      await expect(act()).rejects.toMatchObject({ code: "CONFLICT", reason: "RESERVATION_STATUS", metadata: { state: "released" } });
    }
  });

  test("that was released before it arrived is refused when it arrives", async () => {
    const sku = await p.stocked(5);
    const reference = aReference();
    await expect(p.as().releaseReservation({ reference })).resolves.toMatchObject({ status: ReservationStatus.RELEASED, lines: [] });
    await expect(p.as().releaseReservation({ reference })).resolves.toMatchObject({ status: ReservationStatus.RELEASED });
    const late = p.as().reserve({ reference, lines: [{ sku, quantity: 1n }] });
    await expect(late).rejects.toMatchObject({ code: "CONFLICT", reason: "RESERVATION_STATUS" });
    expect(await stockOf(sku)).toMatchObject({ reserved: 0n });
  });

  test("that nobody made can be neither committed nor extended nor read", async () => {
    const reference = aReference();
    const missing = { code: "NOT_FOUND", reason: "RESERVATION_NOT_FOUND" };
    await expect(p.as().commitReservation({ reference })).rejects.toMatchObject(missing);
    await expect(p.as().extendReservation({ reference })).rejects.toMatchObject(missing);
    await expect(p.as().getReservation({ reference })).rejects.toMatchObject(missing);
  });
});

describe("an expired reservation", () => {
  const expired = async (quantity: bigint) => {
    const sku = await p.stocked(quantity);
    const reference = aReference();
    await p.as().reserve({ reference, lines: [{ sku, quantity }] });
    await p.lapse(reference);
    return { sku, reference, quantity };
  };

  test("holds nothing from that moment on, for every reader and for the next buyer", async () => {
    const { sku, reference } = await expired(3n);
    expect(await stockOf(sku)).toEqual({ onHand: 3n, reserved: 0n, available: 3n, inStock: true });
    expect((await p.as().listLevels({ sku })).levels).toMatchObject([{ reserved: 0n, available: 3n }]);
    await expect(p.as().getReservation({ reference })).resolves.toMatchObject({ status: ReservationStatus.EXPIRED });
    await p.as().reserve({ reference: aReference(), lines: [{ sku, quantity: 3n }] });
    const kinds = (await p.as().listMovements({ sku })).movements.map(({ kind }) => kind);
    expect(kinds.sort()).toEqual([MovementKind.RECEIVE, MovementKind.RESERVE, MovementKind.RESERVE, MovementKind.EXPIRE].sort());
  });

  test("is committed all the same while nobody took its stock, and refused once somebody did", async () => {
    const free = await expired(3n);
    await expect(p.as().commitReservation({ reference: free.reference })).resolves.toMatchObject({ status: ReservationStatus.COMMITTED });
    const taken = await expired(3n);
    const other = aReference();
    await p.as().reserve({ reference: other, lines: [{ sku: taken.sku, quantity: 1n }] });
    await expect(p.as().commitReservation({ reference: taken.reference })).rejects.toMatchObject({
      ...outOfStock,
      metadata: { available: "2" },
    });
    await expect(p.as().extendReservation({ reference: taken.reference })).rejects.toMatchObject(outOfStock);
    await p.as().releaseReservation({ reference: other });
    await p.as().extendReservation({ reference: taken.reference });
    await p.as().commitReservation({ reference: taken.reference });
    expect(await stockOf(taken.sku)).toMatchObject({ onHand: 0n });
  });

  test("gives back the stock of all its lines, also of those that nobody asks for", async () => {
    const [sku, beside] = [await p.stocked(1), await p.stocked(1)];
    const reference = aReference();
    await p.as().reserve({
      reference,
      lines: [
        { sku, quantity: 1n },
        { sku: beside, quantity: 1n },
      ],
    });
    await p.lapse(reference);
    await p.as().reserve({ reference: aReference(), lines: [{ sku, quantity: 1n }] });
    expect(await stockOf(beside)).toMatchObject({ reserved: 0n });
    await expect(p.as().releaseReservation({ reference })).resolves.toMatchObject({ status: ReservationStatus.RELEASED });
  });
});

describe("other modules", () => {
  type Lines = (sku: string, quantity: bigint) => { sku: string; quantity: bigint; warehouseId?: string }[];
  const WAYS: [string, Lines][] = [
    ["by one statement", (sku, quantity) => [{ sku, quantity }]],
    ["by one statement, as the warehouse is named", (sku, quantity) => [{ sku, quantity, warehouseId: p.warehouseId }]],
    [
      "by several, as one warehouse has two names",
      (sku, quantity) => [
        { sku, quantity: 1n, warehouseId: p.warehouseId },
        { sku, quantity: quantity - 1n },
      ],
    ],
  ];

  test.each(WAYS)("are told what happened to stock and reservations %s, and nothing of what was refused", async (_how, linesOf) => {
    const sku = await p.stocked(8);
    const reference = aReference();
    const lines = (quantity: bigint) => linesOf(sku, quantity);
    await expect(p.as().reserve({ reference, lines: lines(9n) })).rejects.toMatchObject(outOfStock);
    expect(await published(`"${reference}"`)).toEqual([]);
    const made = await p.as().reserve({ reference, lines: lines(2n) });
    await p.as().extendReservation({ reference, ttlSeconds: 3600 });
    for (let time = 0; time < 2; time++) await p.as().commitReservation({ reference });
    expect((await published(`"${reference}"`)).map(({ type }) => type)).toEqual([
      ...["inventory.stock.changed", "inventory.reservation.created", "inventory.reservation.extended"],
      ...["inventory.stock.changed", "inventory.reservation.committed"],
    ]);
    const [reserved, created, , taken, committed] = (await published(`"${reference}"`)).map(({ data }) => data);
    const at = { sku, warehouseId: p.warehouseId };
    expect(reserved).toMatchObject({ ...at, onHand: "8", reserved: "2", available: "6", kind: "MOVEMENT_KIND_RESERVE" });
    expect(taken).toMatchObject({ ...at, onHand: "6", reserved: "0", available: "6", kind: "MOVEMENT_KIND_COMMIT" });
    expect(committed).toMatchObject({ reservationId: made.id, lines: [{ ...at, quantity: "2" }] });
    expect(created).toMatchObject({ reservationId: made.id, lines: [{ ...at, quantity: "2" }] });
    // The database counts finer than the answer does.
    const { createdAt, expiresAt } = fromJson(ReservationCreatedSchema, created as JsonValue);
    expect([createdAt?.seconds, expiresAt?.seconds]).toEqual([made.createdAt?.seconds, made.expiresAt?.seconds]);
  });

  test.each(WAYS)("hear once that stock has become low %s, and of each reservation that expired", async (_how, linesOf) => {
    const sku = await p.stocked(7);
    await p.as().setItem({ sku, productId: "prod_low" });
    const reference = aReference();
    for (const [index, quantity] of [3n, 2n].entries()) {
      await p.as().reserve({ reference: index === 0 ? reference : aReference(), lines: linesOf(sku, quantity) });
    }
    const low = (await published(`"${sku}"`)).filter(({ type }) => type === "inventory.stock.low");
    expect(low).toMatchObject([{ data: { productId: "prod_low", warehouseId: p.warehouseId, available: "4", threshold: "5" } }]);
    await p.lapse(reference);
    await p.as().reserve({ reference: aReference(), lines: [{ sku, quantity: 3n }] });
    expect((await published(`"${reference}"`)).map(({ type }) => type)).toContain("inventory.reservation.expired");
  });
});

describe("hostile input", () => {
  test.each([0n, -1n, 1_000_001n, 9_223_372_036_854_775_807n])("a quantity of %p is a mistake of the caller", async (quantity) => {
    const sku = await p.stocked(1);
    await expect(p.as().reserve({ reference: aReference(), lines: [{ sku, quantity }] })).rejects.toMatchObject({
      code: "VALIDATION_ERROR",
    });
    await expect(p.as().receive({ lines: [{ sku, quantity }] })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
  });

  test("lines that only together are absurd are refused as well, and so are too many and none", async () => {
    const line = { sku: "A", quantity: 1_000_000n };
    await expect(p.as().reserve({ reference: aReference(), lines: [line, line] })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
    await expect(p.as().reserve({ reference: aReference(), lines: [] })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
    const many = Array.from({ length: 1001 }, (_, index) => ({ sku: `A${index}`, quantity: 1n }));
    await expect(p.as().reserve({ reference: aReference(), lines: many })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
  });

  test.each(["\0", "A\0B", "A B", "Ä", "", "x".repeat(65), "'; drop table levels; --\n"])("%j is no SKU", async (sku) => {
    await expect(p.as().reserve({ reference: aReference(), lines: [{ sku, quantity: 1n }] })).rejects.toMatchObject({
      code: "VALIDATION_ERROR",
    });
    await expect(p.as().checkStock({ sku })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
  });

  test("U+0000 in other texts is refused, not an error of ours", async () => {
    const sku = await p.stocked(1);
    await expect(p.as().adjust({ reason: AdjustReason.OTHER, note: "a\0b", lines: [{ sku, difference: 1n }] })).rejects.toMatchObject({
      code: "BAD_REQUEST",
    });
    await expect(p.as().listLevels({ sku: "\0" })).rejects.toMatchObject({ code: "BAD_REQUEST" });
    await expect(p.as().reserve({ reference: aReference(), lines: [{ sku, quantity: 1n, warehouseId: "\0" }] })).rejects.toMatchObject({
      code: "BAD_REQUEST",
    });
  });

  test("an unknown SKU has nothing to give, and an unknown warehouse is not there", async () => {
    const unknown = p.as().reserve({ reference: aReference(), lines: [{ sku: "NEVER", quantity: 1n }] });
    await expect(unknown).rejects.toMatchObject({ ...outOfStock, metadata: { sku: "NEVER", available: "0" } });
    const nowhere = p.as().reserve({ reference: aReference(), lines: [{ sku: "NEVER", quantity: 1n, warehouseId: "wh_nowhere" }] });
    await expect(nowhere).rejects.toMatchObject({ code: "NOT_FOUND", reason: "WAREHOUSE_NOT_FOUND" });
    await expect(p.as().adjust({ reason: AdjustReason.LOST, lines: [{ sku: "NEVER", difference: -1n }] })).rejects.toMatchObject(
      outOfStock,
    );
  });

  test("what is another tenant's is not there: warehouses, stock, reservations", async () => {
    const sku = await p.stocked(5);
    const reference = aReference();
    await p.as().reserve({ reference, lines: [{ sku, quantity: 5n }] });
    const stranger = p.as("acme");
    await expect(stranger.getWarehouse({ id: p.warehouseId })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(stranger.receive({ warehouseId: p.warehouseId, lines: [{ sku, quantity: 1n }] })).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    await expect(stranger.checkStock({ sku, warehouseId: p.warehouseId })).resolves.toMatchObject({
      onHand: 0n,
      reason: StockReason.UNKNOWN_WAREHOUSE,
    });
    await expect(stranger.commitReservation({ reference })).rejects.toMatchObject({ code: "NOT_FOUND" });
    // The same reference is theirs to use, and closing it closes nothing of ours.
    await stranger.releaseReservation({ reference });
    await expect(p.as().getReservation({ reference })).resolves.toMatchObject({ status: ReservationStatus.HELD });
    expect((await stranger.listMovements({})).movements).toEqual([]);
    await stranger.createWarehouse({ code: "BER-1", name: "Theirs", country: "DE" });
    await expect(stranger.reserve({ reference: aReference(), lines: [{ sku, quantity: 1n }] })).rejects.toMatchObject(outOfStock);
  });
});
