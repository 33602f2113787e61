import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { createManualClock } from "../base/clock.ts";
import { type BreakerSettings, createCircuitBreaker, DEFAULT_BREAKER, type Outcome } from "./circuit-breaker.ts";

function aBreaker(settings: Partial<BreakerSettings> = {}) {
  const clock = createManualClock();
  const states: string[] = [];
  const breaker = createCircuitBreaker({ clock, settings, onStateChange: (state) => states.push(state) });
  const call = (outcome: Outcome) => {
    const ticket = breaker.enter();
    if (ticket >= 0) breaker.leave(ticket, outcome);
    return ticket >= 0;
  };
  return { breaker, clock, call, states };
}

describe("circuit breaker", () => {
  test("opens at three requests of which three in five failed, not before", () => {
    const { breaker, call } = aBreaker();
    call("failure");
    call("failure");
    expect(breaker.state).toBe("closed");
    call("success");
    call("failure");
    expect(breaker.state).toBe("open");
    expect(call("success")).toBe(false);
    expect(breaker.retryInMs).toBe(30_000);
  });

  test("stays closed below the share of failures", () => {
    const { breaker, call } = aBreaker();
    for (let round = 0; round < 50; round++) {
      call("success");
      call("failure");
    }
    expect(breaker.state).toBe("closed");
  });

  test("failures are forgotten after the window", () => {
    const { breaker, clock, call } = aBreaker();
    call("failure");
    call("failure");
    clock.advance(10_001);
    call("failure");
    expect(breaker.state).toBe("closed");
  });

  test("lets three trials through and closes when all succeed", () => {
    const { breaker, clock, call, states } = aBreaker();
    for (let round = 0; round < 3; round++) call("failure");
    clock.advance(29_999);
    expect(breaker.enter()).toBe(-1);
    clock.advance(1);
    const trials = [breaker.enter(), breaker.enter(), breaker.enter()];
    expect(breaker.enter()).toBe(-1);
    for (const trial of trials) breaker.leave(trial, "success");
    expect(breaker.state).toBe("closed");
    expect(call("failure")).toBe(true);
    expect(states).toEqual(["open", "half-open", "closed"]);
  });

  test("one failed trial opens it again; the other trials' outcomes count no more", () => {
    const { breaker, clock, call } = aBreaker();
    for (let round = 0; round < 3; round++) call("failure");
    clock.advance(30_000);
    const [first, second] = [breaker.enter(), breaker.enter()];
    breaker.leave(first, "failure");
    breaker.leave(second, "success");
    expect(breaker.state).toBe("open");
    expect(breaker.retryInMs).toBe(30_000);
  });

  test("a trial that was given up makes room for another", () => {
    const { breaker, clock, call } = aBreaker({ trials: 1 });
    for (let round = 0; round < 3; round++) call("failure");
    clock.advance(30_000);
    breaker.leave(breaker.enter(), "neutral");
    expect(breaker.state).toBe("half-open");
    expect(call("success")).toBe(true);
    expect(breaker.state).toBe("closed");
  });

  test("outcomes of calls begun before it opened do not disturb the trials", () => {
    const { breaker, clock, call } = aBreaker();
    const slow = breaker.enter();
    for (let round = 0; round < 3; round++) call("failure");
    clock.advance(30_000);
    const trial = breaker.enter();
    breaker.leave(slow, "failure");
    expect(breaker.state).toBe("half-open");
    breaker.leave(trial, "neutral");
  });

  test("settings take effect while it runs", () => {
    const { breaker, call } = aBreaker();
    breaker.configure({ minimumRequests: 5 });
    for (let round = 0; round < 4; round++) call("failure");
    expect(breaker.state).toBe("closed");
    call("failure");
    expect(breaker.state).toBe("open");
    breaker.configure({ openMs: 0 });
    expect(breaker.enter()).toBeGreaterThanOrEqual(0);
  });

  test("failures in a row, where they are asked for, decide alone", () => {
    const { breaker, call } = aBreaker({ failuresInARow: 4 });
    for (let round = 0; round < 10; round++) call("success");
    for (const outcome of ["failure", "failure", "failure", "success", "failure", "failure", "failure"] as const) call(outcome);
    expect(breaker.state).toBe("closed");
    call("failure");
    expect(breaker.state).toBe("open");
  });

  test("with reason to hope trials are let through before the time", () => {
    const { breaker, call } = aBreaker({ trials: 1 });
    for (let round = 0; round < 3; round++) call("failure");
    expect(call("success")).toBe(false);
    breaker.allowTrials();
    expect(call("success")).toBe(true);
    expect(breaker.state).toBe("closed");
  });

  test("opens exactly when the outcomes of the window say so", () => {
    const steps = fc.array(fc.record({ failed: fc.boolean(), waitMs: fc.integer({ min: 0, max: 4 }).map((seconds) => seconds * 1000) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, (outcomes) => {
        const { breaker, clock, call } = aBreaker();
        const seen: { at: number; failed: boolean }[] = [];
        for (const { failed, waitMs } of outcomes) {
          clock.advance(waitMs);
          call(failed ? "failure" : "success");
          seen.push({ at: clock.elapsed(), failed });
          const counted = seen.filter(({ at }) => at > clock.elapsed() - DEFAULT_BREAKER.windowMs);
          const failures = counted.filter((one) => one.failed).length;
          const open = failed && counted.length >= 3 && failures / counted.length >= DEFAULT_BREAKER.failureRatio;
          expect(breaker.state).toBe(open ? "open" : "closed");
          if (open) return;
        }
      }),
    );
  });
});
