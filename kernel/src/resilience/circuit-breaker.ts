import { type Clock, systemClock } from "../base/clock.ts";

export interface BreakerSettings {
  /** Outcomes older than this no longer count. */
  readonly windowMs: number;
  /** Fewer outcomes in the window than this decide nothing. */
  readonly minimumRequests: number;
  /** Share of failures, 0 to 1, that opens. */
  readonly failureRatio: number;
  /** When above 0, this many failures in a row open it, and the share decides nothing. */
  readonly failuresInARow: number;
  /** How long all calls are refused before trials are let through. */
  readonly openMs: number;
  /** Trials let through at a time when half open; all must succeed to close. */
  readonly trials: number;
}

export const DEFAULT_BREAKER: BreakerSettings = {
  windowMs: 10_000,
  minimumRequests: 3,
  failureRatio: 0.6,
  failuresInARow: 0,
  openMs: 30_000,
  trials: 3,
};

export type BreakerState = "closed" | "open" | "half-open";

/** `neutral` says nothing about the callee's health: the caller went away before there was an answer. */
export type Outcome = "success" | "failure" | "neutral";

export interface CircuitBreaker {
  /** A ticket to be given back by `leave`, or -1: refused, the callee is not to be called now. */
  enter(): number;
  /** Once for each ticket. Tickets from before the last change of state no longer count. */
  leave(ticket: number, outcome: Outcome): void;
  readonly state: BreakerState;
  /** Milliseconds until a trial is let through; 0 unless open. */
  readonly retryInMs: number;
  /** Lets trials through now if it is open: there is reason to hope, such as a new instance of the callee. */
  allowTrials(): void;
  /** Takes effect with the next outcome; the state stays. */
  configure(settings: Partial<BreakerSettings>): void;
}

const BUCKETS = 10;

/** Stops calling what fails, so that it can recover and callers learn at once. No timers: time is looked at when a call comes. */
export function createCircuitBreaker(
  options: { settings?: Partial<BreakerSettings>; clock?: Clock; onStateChange?: (state: BreakerState) => void } = {},
): CircuitBreaker {
  const clock = options.clock ?? systemClock;
  let settings = { ...DEFAULT_BREAKER, ...options.settings };
  let state: BreakerState = "closed";
  /** Grows with each change of state; it is the ticket. */
  let era = 0;
  let openedAt = 0;
  let trialsRunning = 0;
  let trialsPassed = 0;
  let inARow = 0;
  const requests = new Array<number>(BUCKETS).fill(0);
  const failures = new Array<number>(BUCKETS).fill(0);
  /** Number of the newest bucket since the clock's start. */
  let newest = 0;

  function change(next: BreakerState): void {
    state = next;
    era++;
    trialsRunning = 0;
    trialsPassed = 0;
    if (next === "open") openedAt = clock.elapsed();
    if (next === "closed") clear();
    options.onStateChange?.(next);
  }

  function clear(): void {
    inARow = 0;
    requests.fill(0);
    failures.fill(0);
  }

  /** Empties the buckets that fell out of the window since the last outcome; answers the index of the current one. */
  function turn(): number {
    const current = Math.floor((clock.elapsed() * BUCKETS) / settings.windowMs);
    const passed = current - newest;
    if (passed >= BUCKETS || passed < 0) clear();
    else
      for (let bucket = newest + 1; bucket <= current; bucket++) {
        requests[bucket % BUCKETS] = 0;
        failures[bucket % BUCKETS] = 0;
      }
    newest = current;
    return current % BUCKETS;
  }

  function count(failed: boolean): void {
    const bucket = turn();
    requests[bucket] = (requests[bucket] as number) + 1;
    if (!failed) {
      inARow = 0;
      return;
    }
    failures[bucket] = (failures[bucket] as number) + 1;
    inARow++;
    if (settings.failuresInARow > 0 ? inARow >= settings.failuresInARow : tooManyFailed()) change("open");
  }

  function tooManyFailed(): boolean {
    let allRequests = 0;
    let allFailures = 0;
    for (let index = 0; index < BUCKETS; index++) {
      allRequests += requests[index] as number;
      allFailures += failures[index] as number;
    }
    return allRequests >= settings.minimumRequests && allFailures / allRequests >= settings.failureRatio;
  }

  return {
    enter() {
      if (state === "closed") return era;
      if (state === "open") {
        if (clock.elapsed() - openedAt < settings.openMs) return -1;
        change("half-open");
      }
      if (trialsRunning + trialsPassed >= settings.trials) return -1;
      trialsRunning++;
      return era;
    },
    leave(ticket, outcome) {
      if (ticket !== era) return;
      if (state === "closed") {
        if (outcome !== "neutral") count(outcome === "failure");
        return;
      }
      trialsRunning--;
      if (outcome === "failure") change("open");
      else if (outcome === "success" && ++trialsPassed >= settings.trials) change("closed");
    },
    get state() {
      return state;
    },
    get retryInMs() {
      return state === "open" ? Math.max(0, openedAt + settings.openMs - clock.elapsed()) : 0;
    },
    allowTrials() {
      openedAt = Number.NEGATIVE_INFINITY;
    },
    configure(changed) {
      if (changed.windowMs !== undefined && changed.windowMs !== settings.windowMs) {
        clear();
        newest = Math.floor((clock.elapsed() * BUCKETS) / changed.windowMs);
      }
      settings = { ...settings, ...changed };
    },
  };
}
