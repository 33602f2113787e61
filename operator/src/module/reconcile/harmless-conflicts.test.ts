import { expect, test } from "@jest/globals";
import { KubeError } from "@plinth/kernel/kube";
import { createHarmlessConflicts } from "./harmless-conflicts.ts";

const conflict = new KubeError(409, "Conflict", "changed meanwhile");
const there = new KubeError(409, "AlreadyExists", "is there");

test("a conflict is excused for some tries in a row, each key for itself", () => {
  const conflicts = createHarmlessConflicts();
  const tries = Array.from({ length: 7 }, (_, index) => conflicts.excuse("shop/a", index % 2 === 0 ? conflict : there));
  expect(tries).toEqual([true, true, true, true, true, false, false]);
  expect(conflicts.excuse("shop/b", conflict)).toBe(true);
  conflicts.forget("shop/a");
  expect(conflicts.excuse("shop/a", conflict)).toBe(true);
});

test("nothing else is excused", () => {
  const conflicts = createHarmlessConflicts();
  expect(conflicts.excuse("shop/a", new KubeError(403, "Forbidden", "no"))).toBe(false);
  expect(conflicts.excuse("shop/a", new Error("no"))).toBe(false);
});
