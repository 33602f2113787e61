import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { withLock } from "./cache.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "plinth-lock-"));
  file = join(folder, "lock");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("two do not work at the same time, and the second says that it waits", async () => {
  const events: string[] = [];
  const first = Promise.withResolvers<void>();
  const isIn = Promise.withResolvers<void>();
  const one = withLock(
    file,
    () => {},
    async () => {
      isIn.resolve();
      await first.promise;
      events.push("first ends");
    },
  );
  await isIn.promise;
  const two = withLock(
    file,
    () => {
      // Asking must not take the lock away.
      events.push(`second waits, ${existsSync(file) ? "lock held" : "lock lost"}`);
      first.resolve();
    },
    () => {
      events.push("second works");
    },
  );
  await Promise.all([one, two]);
  expect(events).toEqual(["second waits, lock held", "first ends", "second works"]);
});

test("it is free again after a failure", async () => {
  const failing = withLock(
    file,
    () => {},
    () => {
      throw new Error("broken");
    },
  );
  await expect(failing).rejects.toThrow("broken");
  expect(existsSync(file)).toBe(false);
});

test("what a killed process held is taken over", async () => {
  const { pid } = spawnSync(process.execPath, ["--version"]);
  writeFileSync(file, String(pid));
  expect(
    await withLock(
      file,
      () => {},
      () => "mine",
    ),
  ).toBe("mine");
});
