import { EventEmitter } from "node:events";
import { expect, test } from "@jest/globals";
import { silentLogger } from "../logging/silent-logger.ts";
import { handleSignals } from "./signals.ts";

class FakeProcess extends EventEmitter {
  readonly codes: number[] = [];
  exit(code: number): void {
    this.codes.push(code);
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("the first signal stops in order and leaves with 0", async () => {
  const target = new FakeProcess();
  let stops = 0;
  handleSignals(async () => void stops++, { logger: silentLogger, target });
  target.emit("SIGTERM", "SIGTERM");
  await settled();
  expect([stops, target.codes]).toEqual([1, [0]]);
});

test("a second signal leaves at once", () => {
  const target = new FakeProcess();
  handleSignals(() => new Promise(() => undefined), { logger: silentLogger, target });
  target.emit("SIGTERM", "SIGTERM");
  expect(target.codes).toEqual([]);
  target.emit("SIGINT", "SIGINT");
  expect(target.codes).toEqual([130]);
});

test("a stop that fails leaves with 1", async () => {
  const target = new FakeProcess();
  handleSignals(() => Promise.reject(new Error("no")), { logger: silentLogger, target });
  target.emit("SIGINT", "SIGINT");
  await settled();
  expect(target.codes).toEqual([1]);
});

test("taken back, it listens no more", () => {
  const target = new FakeProcess();
  handleSignals(async () => undefined, { logger: silentLogger, target })();
  expect(target.listenerCount("SIGTERM") + target.listenerCount("SIGINT")).toBe(0);
});
