import { expect, test } from "@jest/globals";
import { fellLow, outOfStock, stockReason } from "./stock.ts";
import { activeWarehouse, changeWarehouse, type Warehouse } from "./warehouse.ts";

const NOW = new Date("2026-01-02T03:04:05Z");
const aWarehouse = (change: Partial<Warehouse> = {}): Warehouse => ({
  ...{ id: "wh_1", tenantId: "default", code: "BER-1", name: "Berlin", country: "DE", status: "active", isDefault: false, version: 1 },
  createdAt: NOW,
  updatedAt: NOW,
  ...change,
});

test("stock becomes low once: when it falls to its threshold, not while it stays there", () => {
  expect(fellLow(6n, 5n, 5n)).toBe(true);
  expect(fellLow(5n, 4n, 5n)).toBe(false);
  expect(fellLow(7n, 6n, 5n)).toBe(false);
  expect(fellLow(1n, 0n, 0n)).toBe(true);
});

test.each([
  [undefined, 9n, "unknown-warehouse"],
  ["inactive", 9n, "inactive-warehouse"],
  ["active", undefined, "never-stocked"],
  ["active", 2n, "too-few"],
  ["active", 3n, "in-stock"],
] as const)("in a warehouse that is %p with %p available, 3 are %s", (warehouse, best, reason) => {
  expect(stockReason(warehouse, best, 3n)).toBe(reason);
});

test("a shortage names the SKU, the warehouse, what is available and what was wanted", () => {
  const lines = [{ sku: "A", warehouseId: "wh_1", onHand: 0n, reserved: 3n }];
  const error = outOfStock([{ sku: "A", warehouseId: "wh_1", available: 2n }], lines);
  expect(error).toMatchObject({ code: "CONFLICT", reason: "OUT_OF_STOCK" });
  expect(error.metadata).toEqual({ sku: "A", warehouse_id: "wh_1", available: "2", requested: "3", short: "1" });
});

test("an empty id means the default warehouse; one that is unknown or inactive is refused", () => {
  const known = [aWarehouse({ isDefault: true }), aWarehouse({ id: "wh_2", status: "inactive" })];
  expect(activeWarehouse(known, "")).toBe("wh_1");
  expect(() => activeWarehouse(known, "wh_2")).toThrow(expect.objectContaining({ reason: "WAREHOUSE_INACTIVE" }));
  expect(() => activeWarehouse(known, "wh_3")).toThrow(expect.objectContaining({ code: "NOT_FOUND", reason: "WAREHOUSE_NOT_FOUND" }));
  expect(() => activeWarehouse([], "")).toThrow(expect.objectContaining({ reason: "WAREHOUSE_NOT_FOUND" }));
});

test("the default warehouse cannot be switched off, nor an inactive one made the default, nor an older version changed", () => {
  const change = { makeDefault: false };
  expect(() => changeWarehouse(aWarehouse({ isDefault: true }), { ...change, status: "inactive" }, undefined, NOW)).toThrow(
    expect.objectContaining({ reason: "DEFAULT_WAREHOUSE" }),
  );
  expect(() => changeWarehouse(aWarehouse({ status: "inactive" }), { makeDefault: true }, undefined, NOW)).toThrow(
    expect.objectContaining({ reason: "DEFAULT_WAREHOUSE" }),
  );
  expect(() => changeWarehouse(aWarehouse({ version: 3 }), change, 2, NOW)).toThrow(
    expect.objectContaining({ reason: "VERSION_CONFLICT" }),
  );
  expect(changeWarehouse(aWarehouse(), { name: "B", makeDefault: true }, 1, NOW)).toMatchObject({
    name: "B",
    country: "DE",
    isDefault: true,
    version: 2,
  });
});
