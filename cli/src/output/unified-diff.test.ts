import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { unifiedDiff } from "./unified-diff.ts";

const shown = (before: string, after: string): string =>
  unifiedDiff(before, after)
    .map(({ kind, text }) => (kind === "@" ? text : `${kind}${text}`))
    .join("\n");

test("shows what changed, with what is around it", () => {
  const before = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`);
  const after = before.map((line) => (line === "line 10" ? "other" : line));
  expect(shown(before.join("\n"), after.join("\n"))).toBe(
    ["@@ -7,7 +7,7 @@", " line 7", " line 8", " line 9", "-line 10", "+other", " line 11", " line 12", " line 13"].join("\n"),
  );
});

test("shows the whole of what is new or gone, and nothing where nothing changed", () => {
  expect(shown("", "a\nb\n")).toBe("@@ -0,0 +1,2 @@\n+a\n+b");
  expect(shown("a\n", "")).toBe("@@ -1,1 +0,0 @@\n-a");
  expect(shown("a\nb\n", "a\nb\n")).toBe("");
});

test("is what patch makes the new text of the old one by", () => {
  const folder = mkdtempSync(join(tmpdir(), "plinth-diff-"));
  const aText = fc
    .array(fc.constantFrom("a", "b", "c", "d: 1", ""), { maxLength: 40 })
    .map((lines) => lines.map((line) => `${line}\n`).join(""));
  fc.assert(
    fc.property(aText, aText, (before, after) => {
      const diff = shown(before, after);
      if (diff === "") return expect(after).toBe(before);
      writeFileSync(join(folder, "before"), before);
      const patch = `--- before\n+++ after\n${diff}\n`;
      const patched = execFileSync("patch", ["-s", "-o", "-", join(folder, "before")], { input: patch, encoding: "utf8" });
      expect(patched).toBe(after);
    }),
    { numRuns: 50 },
  );
  rmSync(folder, { recursive: true });
});

test("does not grow without end on large texts", () => {
  const text = (word: string): string => Array.from({ length: 20_000 }, (_, index) => `${word} ${index}`).join("\n");
  expect(unifiedDiff(text("a"), text("b"))).toHaveLength(40_001);
});
