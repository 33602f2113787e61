import { expect, test } from "@jest/globals";
import { checkExpectedTotal, type DraftLine, inWarehouses } from "./draft.ts";
import { newOrderNumber } from "./place-order.ts";

const line = (sku: string, warehouseId: string) => ({ sku, warehouseId }) as DraftLine;

test("a line that named no warehouse gets the one in which its stock was reserved", () => {
  const held = [
    { sku: "A", warehouseId: "wh_default" },
    { sku: "B", warehouseId: "wh_1" },
    { sku: "B", warehouseId: "wh_default" },
  ];
  const lines = [line("A", ""), line("B", ""), line("B", "wh_1")];
  expect(inWarehouses(lines, held).map(({ warehouseId }) => warehouseId)).toEqual(["wh_default", "wh_default", "wh_1"]);
});

test("one that named the default warehouse shares it with one that named none", () => {
  const held = [{ sku: "A", warehouseId: "wh_default" }];
  const lines = [line("A", "wh_default"), line("A", "")];
  expect(inWarehouses(lines, held).map(({ warehouseId }) => warehouseId)).toEqual(["wh_default", "wh_default"]);
});

test("another total than the buyer saw is refused with both, and so is one in another currency", () => {
  const draft = { total: "1490", currency: "EUR" };
  expect(() => checkExpectedTotal({ amount: 1490n, currency: "EUR" }, draft)).not.toThrow();
  expect(() => checkExpectedTotal(undefined, draft)).not.toThrow();
  const metadata = { expected_total: "1390", expected_currency: "EUR", total: "1490", currency: "EUR" };
  expect(() => checkExpectedTotal({ amount: 1390n, currency: "EUR" }, draft)).toThrow(
    expect.objectContaining({ code: "CONFLICT", reason: "PRICE_CHANGED", metadata }),
  );
  expect(() => checkExpectedTotal({ amount: 1490n, currency: "USD" }, draft)).toThrow(expect.objectContaining({ reason: "PRICE_CHANGED" }));
});

test("order numbers can be read aloud, and differ", () => {
  const numbers = Array.from({ length: 1000 }, newOrderNumber);
  expect(new Set(numbers).size).toBe(1000);
  for (const number of numbers) expect(number).toMatch(/^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$/);
});
