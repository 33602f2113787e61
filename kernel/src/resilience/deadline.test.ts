import { getEventListeners } from "node:events";
import { describe, expect, test } from "@jest/globals";
import { createManualClock } from "../base/clock.ts";
import { PlinthError } from "../base/errors.ts";
import { deadlineSignal, earlierDeadline, remainingMs } from "./deadline.ts";

describe("deadline", () => {
  test("the earlier one holds", () => {
    expect(earlierDeadline(5, 3)).toBe(3);
    expect(earlierDeadline(undefined, 3)).toBe(3);
    expect(earlierDeadline(5, undefined)).toBe(5);
    expect(earlierDeadline(undefined, undefined)).toBeUndefined();
  });

  test("what remains is never negative", () => {
    const clock = createManualClock();
    expect(remainingMs(clock.now() + 40, clock)).toBe(40);
    expect(remainingMs(clock.now() - 40, clock)).toBe(0);
    expect(remainingMs(undefined, clock)).toBeUndefined();
  });

  test("aborts at the deadline with what becomes TIMEOUT", () => {
    const clock = createManualClock();
    using combined = deadlineSignal(clock.now() + 100, [], clock);
    clock.advance(99);
    expect(combined.signal.aborted).toBe(false);
    clock.advance(1);
    expect(PlinthError.from(combined.signal.reason).code).toBe("TIMEOUT");
  });

  test("a deadline in the past aborts at once", () => {
    const clock = createManualClock();
    using combined = deadlineSignal(clock.now(), [], clock);
    expect(combined.signal.aborted).toBe(true);
  });

  test("aborts with the first signal and lets go of all", () => {
    const clock = createManualClock();
    const one = new AbortController();
    const other = new AbortController();
    using combined = deadlineSignal(clock.now() + 100, [one.signal, undefined, other.signal], clock);
    other.abort(new Error("gone"));
    expect(combined.signal.reason).toEqual(new Error("gone"));
    expect(getEventListeners(one.signal, "abort")).toHaveLength(0);
    expect(clock.waiting).toBe(0);
  });

  test("disposed it leaves nothing behind and aborts no more", () => {
    const clock = createManualClock();
    const one = new AbortController();
    const combined = deadlineSignal(clock.now() + 100, [one.signal], clock);
    combined[Symbol.dispose]();
    expect(getEventListeners(one.signal, "abort")).toHaveLength(0);
    expect(clock.waiting).toBe(0);
    one.abort();
    expect(combined.signal.aborted).toBe(false);
  });

  test("an aborted signal aborts at once", () => {
    const clock = createManualClock();
    using combined = deadlineSignal(clock.now() + 100, [AbortSignal.abort(new Error("gone"))], clock);
    expect(combined.signal.reason).toEqual(new Error("gone"));
    expect(clock.waiting).toBe(0);
  });
});
