import { describe, expect, test } from "@jest/globals";
import { conflict, internal, unavailable } from "../base/errors.ts";
import { afterFailure, afterSuccess, afterWaiting, type Position } from "./next-move.ts";

const undo = async () => undefined;
const STEPS = [
  { name: "price" },
  { name: "reserve", undo },
  { name: "authorize", undo },
  { name: "place", pointOfNoReturn: true },
  { name: "capture" },
];

const at = (step: string, more: Partial<Position> = {}): Position => ({
  status: "running",
  step,
  attempt: 0,
  failure: undefined,
  waitsUntil: undefined,
  ...more,
});
const go = (step: string, more: object = {}) => ({
  kind: "go",
  position: expect.objectContaining({ step, ...more }),
  afterMs: expect.any(Number),
});
const half = () => 0.5;
const DECLINED = conflict("The card was declined.", { reason: "CARD_DECLINED" });
const AWAY = unavailable("Nobody answers.");

describe("a step that went well", () => {
  test("leads to the next one, the last to the end", () => {
    expect(afterSuccess(STEPS, at("price"))).toEqual(go("reserve", { status: "running", attempt: 0 }));
    expect(afterSuccess(STEPS, at("capture"))).toEqual({ kind: "end", status: "done", failure: undefined });
  });

  test("while turning back leads to the one before it that can be undone, and then to the end with the first failure", () => {
    const failure = { step: "authorize", code: "CONFLICT" as const, reason: "CARD_DECLINED", message: "no", metadata: {} };
    expect(afterSuccess(STEPS, at("authorize", { status: "turning-back", failure }))).toEqual(
      go("reserve", { status: "turning-back", failure }),
    );
    expect(afterSuccess(STEPS, at("reserve", { status: "turning-back", failure }))).toEqual({
      kind: "end",
      status: "turned-back",
      failure,
    });
  });
});

describe("a step that waits for word from outside", () => {
  const NOW = new Date("2026-11-01T12:00:00Z");
  const until = new Date("2026-11-01T12:15:00Z");
  const waitsAt = (now: Date, more: Partial<Position> = {}) => afterWaiting(STEPS, at("authorize", more), 15 * 60_000, now);

  test("may do so for its time, counted from the first time", () => {
    expect(waitsAt(NOW)).toEqual({ kind: "wait", position: at("authorize", { waitsUntil: until }), until });
    expect(waitsAt(new Date("2026-11-01T12:14:59Z"), { waitsUntil: until })).toMatchObject({ kind: "wait", until });
  });

  test("turns the saga back when its time is over, and is undone itself", () => {
    expect(waitsAt(until, { waitsUntil: until })).toEqual(
      go("authorize", { status: "turning-back", failure: expect.objectContaining({ reason: "WAITED_TOO_LONG" }), waitsUntil: undefined }),
    );
  });

  test("and is refused afterwards is undone as well: something had been done", () => {
    expect(afterFailure(STEPS, at("authorize", { waitsUntil: until }), DECLINED, half)).toEqual(
      go("authorize", { status: "turning-back" }),
    );
  });
});

describe("a step that failed", () => {
  test("by a definite refusal is not tried again, and nothing of it is undone", () => {
    expect(afterFailure(STEPS, at("authorize"), DECLINED, half)).toEqual(
      go("reserve", { status: "turning-back", failure: expect.objectContaining({ step: "authorize", reason: "CARD_DECLINED" }) }),
    );
    expect(afterFailure(STEPS, at("price"), DECLINED, half)).toMatchObject({ kind: "end", status: "turned-back" });
  });

  test.each([
    ["is still being worked on", conflict("Busy.", { reason: "IDEMPOTENCY_IN_PROGRESS", retryAfterSeconds: 1 })],
    ["was done, with its answer lost", conflict("Lost.", { reason: "IDEMPOTENCY_ANSWER_LOST" })],
  ])("because a request of the same key %s is no refusal: that one may have taken effect", (_, error) => {
    expect(afterFailure(STEPS, at("authorize"), error, half)).toEqual(go("authorize", { status: "running", attempt: 1 }));
  });

  test("by a refusal after a try whose answer was lost is undone as well", () => {
    expect(afterFailure(STEPS, at("authorize", { attempt: 3 }), DECLINED, half)).toEqual(go("authorize", { status: "turning-back" }));
  });

  test("by a refusal that leaves something behind is undone as well, whichever try it was", () => {
    const steps = STEPS.map((step) => (step.name === "authorize" ? { ...step, undoneIfRefused: true } : step));
    const failure = expect.objectContaining({ step: "authorize", reason: "CARD_DECLINED" });
    for (const attempt of [0, 1]) {
      expect(afterFailure(steps, at("authorize", { attempt }), DECLINED, half)).toEqual(
        go("authorize", { status: "turning-back", failure }),
      );
    }
  });

  test("for a passing reason is tried again with growing waits, then undone as well, since it may have taken effect", () => {
    const waits = [0, 1, 2].map((attempt) => afterFailure(STEPS, at("authorize", { attempt }), AWAY, half));
    expect(waits).toEqual([1, 2, 3].map((attempt) => go("authorize", { status: "running", attempt })));
    expect(waits.map((move) => move.kind === "go" && move.afterMs)).toEqual([75, 150, 300]);
    expect(afterFailure(STEPS, at("authorize", { attempt: 3 }), AWAY, half)).toEqual(
      go("authorize", { status: "turning-back", attempt: 0 }),
    );
  });

  test.each([DECLINED, AWAY, internal("Broken.")])("past the point of no return is tried for ever: %p", (error) => {
    expect(afterFailure(STEPS, at("capture", { attempt: 999 }), error, half)).toEqual(go("capture", { status: "running", attempt: 1000 }));
  });

  test("while being undone is undone until that succeeds", () => {
    const position = at("reserve", { status: "turning-back", attempt: 50 });
    expect(afterFailure(STEPS, position, DECLINED, half)).toEqual(go("reserve", { status: "turning-back", attempt: 51 }));
  });

  test("waits as long as the callee asks for", () => {
    const busy = unavailable("Later.", { retryAfterSeconds: 7 });
    expect(afterFailure(STEPS, at("price"), busy, half)).toMatchObject({ afterMs: 7000 });
  });
});
