import { describe, expect, test } from "@jest/globals";
import { createBulkhead } from "./bulkhead.ts";

function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

describe("bulkhead", () => {
  test("never lets more in than its limit, in order of arrival", async () => {
    const bulkhead = createBulkhead("hashing", { limit: 2, queue: 10 });
    const order: number[] = [];
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        bulkhead.run(async () => {
          order.push(index);
          most = Math.max(most, ++inside);
          await new Promise(setImmediate);
          inside--;
        }),
      ),
    );
    expect(most).toBe(2);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(bulkhead.inside).toBe(0);
  });

  test("refuses when the queue is full", async () => {
    const bulkhead = createBulkhead("hashing", { limit: 1, queue: 1 });
    const door = gate();
    const running = [bulkhead.run(() => door.opened), bulkhead.run(() => door.opened)];
    await expect(bulkhead.run(async () => 1)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE", reason: "BULKHEAD_FULL" });
    door.open();
    await Promise.all(running);
    await expect(bulkhead.run(async () => 1)).resolves.toBe(1);
  });

  test("who gives up leaves the queue; who fails gives its place back", async () => {
    const bulkhead = createBulkhead("hashing", { limit: 1, queue: 5 });
    const door = gate();
    const first = bulkhead.run(() => door.opened);
    const abort = new AbortController();
    const second = bulkhead.run(async () => "never", abort.signal);
    abort.abort(new Error("gone"));
    await expect(second).rejects.toThrow("gone");
    expect(bulkhead.waiting).toBe(0);
    door.open();
    await first;
    await expect(bulkhead.run(() => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    expect(bulkhead.inside).toBe(0);
  });

  test("a raised limit lets the waiting in", async () => {
    const bulkhead = createBulkhead("hashing", { limit: 1, queue: 5 });
    const door = gate();
    const first = bulkhead.run(() => door.opened);
    const second = bulkhead.run(async () => "in");
    bulkhead.configure({ limit: 2 });
    await expect(second).resolves.toBe("in");
    door.open();
    await first;
  });

  test("tryEnter counts against the same limit", () => {
    const bulkhead = createBulkhead("calls", { limit: 1 });
    expect(bulkhead.tryEnter()).toBe(true);
    expect(bulkhead.tryEnter()).toBe(false);
    bulkhead.leave();
    expect(bulkhead.tryEnter()).toBe(true);
  });
});
