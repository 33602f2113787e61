import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { accountKey, admitAttempt, FRESH_GUARD, type GuardPolicy, type Guards, noteFailure, noteSuccess } from "./login-guard.ts";

const POLICY: GuardPolicy = { failures: 5, initialMs: 1000, maxMs: 900_000, requests: 10, perMs: 60_000 };
const FRESH: Guards = { account: FRESH_GUARD, network: FRESH_GUARD };
const START = new Date("2026-01-01T00:00:00Z");
const at = (ms: number) => new Date(START.getTime() + ms);

/** The wait after so many failures in a row from one network, in milliseconds. */
function waitAfter(failures: number, guards = FRESH): number {
  let state = guards;
  for (let count = 0; count < failures; count++) state = noteFailure(state, POLICY, START).guards;
  const admission = admitAttempt(state, POLICY, START);
  return admission.admitted ? 0 : admission.retryAfterMs;
}

/** A network's guard beside those of others that failed. */
function elsewhere(failures: number): Guards {
  let account = FRESH_GUARD;
  for (let count = 0; count < failures; count++) {
    account = noteFailure({ account, network: FRESH_GUARD }, { ...POLICY, failures: 5 }, START).guards.account;
  }
  return { account, network: FRESH_GUARD };
}

test("the wait begins at the threshold, doubles, and never passes its longest", () => {
  expect([4, 5, 6, 7, 8].map((failures) => waitAfter(failures))).toEqual([0, 1000, 2000, 4000, 8000]);
  expect(waitAfter(15)).toBe(900_000);
  expect(waitAfter(5000)).toBe(900_000);
});

test("failures of all networks together count for the account, at four times the threshold", () => {
  expect(admitAttempt(elsewhere(19), POLICY, START).admitted).toBe(true);
  expect(admitAttempt(elsewhere(20), POLICY, START)).toEqual({ admitted: false, retryAfterMs: 1000 });
});

test("a lockout is told once, when it begins", () => {
  let state = FRESH;
  const told = Array.from({ length: 8 }, () => {
    const { guards, lockedOut } = noteFailure(state, POLICY, START);
    state = guards;
    return lockedOut;
  });
  expect(told).toEqual([false, false, false, false, true, false, false, false]);
});

test("failures are forgiven after a day", () => {
  const tomorrow = at(24 * 3_600_000 + 1);
  let state = FRESH;
  for (let count = 0; count < 10; count++) state = noteFailure(state, POLICY, START).guards;
  expect(noteFailure(state, POLICY, tomorrow).guards.network).toMatchObject({ failures: 1, lockedUntil: null });
});

describe("whatever others did, a user", () => {
  const network = noteSuccess(FRESH, START).network;

  test("is let in where there was a success before", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3_600_000 }), { maxLength: 200 }), (steps) => {
        let now = 0;
        let account = FRESH_GUARD;
        for (const step of steps) {
          now += step;
          const admission = admitAttempt({ account, network: FRESH_GUARD }, POLICY, at(now));
          if (admission.admitted) account = noteFailure(admission.guards, POLICY, at(now)).guards.account;
        }
        expect(admitAttempt({ account, network }, POLICY, at(now)).admitted).toBe(true);
      }),
    );
  });

  test("waits a quarter of an hour at most on a new network", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500 }), (failures) => {
        const admission = admitAttempt(elsewhere(failures), POLICY, START);
        expect(admission.admitted ? 0 : admission.retryAfterMs).toBeLessThanOrEqual(POLICY.maxMs);
      }),
    );
  });
});

describe("the account's limit", () => {
  /** How many of these attempts, one after another, are let through. */
  function admitted(times: readonly number[], guards = FRESH): number {
    let state = guards;
    return times.filter((time) => {
      const admission = admitAttempt(state, POLICY, at(time));
      if (admission.admitted) state = admission.guards;
      return admission.admitted;
    }).length;
  }

  test("holds in any minute, and comes back with time", () => {
    expect(admitted(Array(50).fill(0))).toBe(10);
    expect(admitted([...Array(50).fill(0), 6000, 6000])).toBe(11);
    expect(admitted([...Array(50).fill(0), ...Array(50).fill(60_000)])).toBe(20);
  });

  test("is one for all unknown networks and another for a known one", () => {
    let account = FRESH_GUARD;
    for (let count = 0; count < 10; count++) {
      const admission = admitAttempt({ account, network: FRESH_GUARD }, POLICY, START);
      if (admission.admitted) account = admission.guards.account;
    }
    expect(admitAttempt({ account, network: FRESH_GUARD }, POLICY, START).admitted).toBe(false);
    expect(admitted(Array(50).fill(0), { account, network: noteSuccess(FRESH, START).network })).toBe(10);
  });
});

test("an account is one whatever the case of its address", () => {
  expect(accountKey(" Ada@Example.COM ")).toEqual(accountKey("ada@example.com"));
  expect(accountKey("ada@example.com")).not.toEqual(accountKey("eve@example.com"));
});
