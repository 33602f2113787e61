import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { moduleReference } from "./module-reference.ts";

test("docs/reference/module.md says what the schema says; node scripts/generate-module-reference.ts writes it anew", () => {
  const written = readFileSync(join(import.meta.dirname, "../../../docs/reference/module.md"), "utf8");
  expect(written).toBe(moduleReference());
});

test("every field that people write is described, or holds fields that are", () => {
  const rows = [...moduleReference().matchAll(/^\| `((?:metadata|spec)\.[^`]+)`.*\| (.*) \|$/gm)].map(([, path = "", said = ""]) => ({
    path,
    said,
  }));
  expect(rows.length).toBeGreaterThan(80);
  const holdsFields = (path: string): boolean => rows.some((row) => row.path.startsWith(`${path}.`) || row.path.startsWith(`${path}[].`));
  expect(rows.filter(({ path, said }) => said === "" && !holdsFields(path))).toEqual([]);
});
