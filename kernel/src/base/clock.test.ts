import { describe, expect, test } from "@jest/globals";
import { createManualClock, systemClock } from "./clock.ts";

describe("the manual clock", () => {
  test("stands still until it is advanced, and runs what falls due in order of time", () => {
    const clock = createManualClock(1000);
    const seen: string[] = [];
    clock.after(30, () => seen.push(`late@${clock.now()}`));
    clock.after(10, () => {
      seen.push(`early@${clock.now()}`);
      clock.after(5, () => seen.push(`nested@${clock.now()}`));
    });
    const cancel = clock.after(20, () => seen.push("cancelled"));
    cancel();
    expect(seen).toEqual([]);
    clock.advance(29);
    expect(seen).toEqual(["early@1010", "nested@1015"]);
    clock.advance(1);
    expect(seen).toEqual(["early@1010", "nested@1015", "late@1030"]);
    expect(clock.elapsed()).toBe(30);
    expect(clock.waiting).toBe(0);
  });

  test("sleep resolves by advance and rejects by its signal, leaving no timer", async () => {
    const clock = createManualClock();
    const slept = clock.sleep(100);
    clock.advance(100);
    await slept;
    const controller = new AbortController();
    const cut = clock.sleep(100, controller.signal);
    controller.abort(new Error("enough"));
    await expect(cut).rejects.toThrow("enough");
    expect(clock.waiting).toBe(0);
    await expect(clock.sleep(1, controller.signal)).rejects.toThrow("enough");
  });
});

test("the system clock sleeps, and stops sleeping when told", async () => {
  const before = systemClock.elapsed();
  await systemClock.sleep(1);
  expect(systemClock.elapsed()).toBeGreaterThan(before);
  await expect(systemClock.sleep(60_000, AbortSignal.abort(new Error("stop")))).rejects.toThrow("stop");
});
