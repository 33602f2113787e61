import { type Clock, LONGEST_TIMER_MS, systemClock } from "@plinth/kernel/base";
import { type BucketSettings, backOffMs, createBucket } from "./back-off.ts";
import { createDueHeap, type Due } from "./due-heap.ts";
import { createReadyList, type Linked } from "./ready-list.ts";
import type { RuntimeMetrics } from "./runtime-metrics.ts";

/** From the most urgent to the least: what somebody waits for, and what is only looked at again. */
export const PRIORITIES = ["change", "resync"] as const;

export type Priority = (typeof PRIORITIES)[number];

/**
 * Keys to be worked on. A key stands in it once, is never given to two workers at a time, and when it is added during its run it runs again after.
 * Not the changes are queued but the keys that changed: a run looks at what there is.
 */
export interface Queue {
  /** To be run as soon as a worker is free; of several priorities the most urgent counts. */
  add(key: string, priority: Priority): void;
  /**
   * To be run after so many milliseconds; of several times the earliest counts. A run that begins before settles it: whoever runs the key says when to
   * look again. Without a priority it is that of the run at hand, or the least urgent.
   */
  after(key: string, ms: number, priority?: Priority): void;
  /** To be run again after a failure, with a back-off that grows with each failure in a row, and not before `atLeastMs`. Answers the wait. */
  retry(key: string, atLeastMs?: number): number;
  /** The next failure is the first again. */
  forget(key: string): void;
  /** The most urgent key of those that waited longest; undefined when none is ready. Each key taken must be given back by `done`. */
  take(): string | undefined;
  done(key: string): void;
  /** Called when a key becomes ready: perhaps in the midst of `add`, so that it may only note that there is something to take. */
  onReady(listener: () => void): () => void;
  /** How many keys are ready. */
  readonly length: number;
  /** Failures in a row. */
  failures(key: string): number;
}

export interface QueueOptions {
  /** In metrics: that of the controller. */
  readonly name: string;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Of all retries together, so that a thousand keys that fail at once do not come back at once. Default 50 a second, 500 at once. */
  readonly retries?: BucketSettings;
  readonly metrics?: RuntimeMetrics;
}

const NONE = -1;

interface Item extends Due, Linked<Item> {
  readonly key: string;
  /** As what it stands among the ready ones, by its place in PRIORITIES; NONE while it does not. */
  ready: number;
  readyAt: number;
  /** As what it runs. */
  running: number;
  startedAt: number;
  /** As what it runs again after its run. */
  again: number;
  /** As what it becomes ready when it is due. */
  due: number;
  failures: number;
}

const DEFAULT_RETRIES: BucketSettings = { perSecond: 50, burst: 500 };

/** Every operation takes a time that does not depend on how many keys there are, but for `after` and `retry`: the logarithm. Idle keys take no memory. */
export function createQueue(options: QueueOptions): Queue {
  const { clock = systemClock, random = Math.random } = options;
  const instruments = options.metrics?.forQueue(options.name);
  const reserve = createBucket(options.retries ?? DEFAULT_RETRIES, clock);
  const items = new Map<string, Item>();
  const lists = PRIORITIES.map(() => createReadyList<Item>());
  const heap = createDueHeap<Item>();
  const running = new Set<Item>();
  const listeners = new Set<() => void>();
  let timer: { readonly at: number; readonly cancel: () => void } | undefined;

  instruments?.read(() => {
    const now = clock.elapsed();
    const seconds = [...running].map(({ startedAt }) => (now - startedAt) / 1000);
    return {
      depth: PRIORITIES.map((priority, index) => [priority, lists[index]?.length ?? 0] as const),
      unfinishedSeconds: seconds.reduce((sum, each) => sum + each, 0),
      longestSeconds: Math.max(0, ...seconds),
    };
  });

  function itemOf(key: string): Item {
    let item = items.get(key);
    if (item === undefined) {
      item = {
        key,
        ready: NONE,
        readyAt: 0,
        running: NONE,
        startedAt: 0,
        again: NONE,
        due: NONE,
        dueAt: 0,
        place: -1,
        failures: 0,
        before: undefined,
        behind: undefined,
      };
      items.set(key, item);
    }
    return item;
  }

  function dropIdle(item: Item): void {
    if (item.ready === NONE && item.running === NONE && item.place === -1 && item.failures === 0) items.delete(item.key);
  }

  function makeReady(item: Item, priority: number): void {
    if (item.running !== NONE) {
      item.again = moreUrgent(item.again, priority);
      return;
    }
    if (item.ready === NONE) {
      item.readyAt = clock.elapsed();
      instruments?.added();
    } else {
      if (item.ready <= priority) return;
      lists[item.ready]?.remove(item);
    }
    item.ready = priority;
    lists[priority]?.append(item);
    for (const listener of listeners) listener();
  }

  function putOff(item: Item, ms: number, priority: number): void {
    if (ms <= 0) {
      makeReady(item, priority);
      return;
    }
    const dueAt = clock.elapsed() + ms;
    item.due = moreUrgent(item.due, priority);
    if (item.place !== -1 && item.dueAt <= dueAt) return;
    item.dueAt = dueAt;
    heap.put(item);
    arm();
  }

  function settle(item: Item): void {
    heap.remove(item);
    item.due = NONE;
  }

  /** One timer, for what falls due first. */
  function arm(): void {
    const first = heap.first;
    if (first === undefined || (timer !== undefined && timer.at <= first.dueAt)) return;
    timer?.cancel();
    // A timer may fire a fraction of a millisecond early.
    const ms = Math.min(LONGEST_TIMER_MS, Math.max(0, Math.ceil(first.dueAt - clock.elapsed())));
    timer = { at: first.dueAt, cancel: clock.after(ms, wake) };
  }

  function wake(): void {
    timer = undefined;
    const now = clock.elapsed();
    for (let item = heap.first; item !== undefined && item.dueAt <= now; item = heap.first) {
      const priority = item.due;
      settle(item);
      makeReady(item, priority);
    }
    arm();
  }

  return {
    add: (key, priority) => makeReady(itemOf(key), PRIORITIES.indexOf(priority)),
    after(key, ms, priority) {
      const item = itemOf(key);
      const least = PRIORITIES.length - 1;
      putOff(item, ms, priority !== undefined ? PRIORITIES.indexOf(priority) : item.running === NONE ? least : item.running);
    },
    retry(key, atLeastMs = 0) {
      const item = itemOf(key);
      item.failures++;
      const ms = Math.max(atLeastMs, backOffMs(item.failures, random), reserve());
      putOff(item, ms, item.running === NONE ? PRIORITIES.length - 1 : item.running);
      instruments?.retried();
      return ms;
    },
    forget(key) {
      const item = items.get(key);
      if (item === undefined) return;
      item.failures = 0;
      dropIdle(item);
    },
    take() {
      for (const list of lists) {
        const item = list.shift();
        if (item === undefined) continue;
        settle(item);
        item.running = item.ready;
        item.ready = NONE;
        item.startedAt = clock.elapsed();
        running.add(item);
        instruments?.waited((item.startedAt - item.readyAt) / 1000);
        return item.key;
      }
      return undefined;
    },
    done(key) {
      const item = items.get(key);
      if (item === undefined || item.running === NONE) throw new Error(`The key ${key} is given back, and was not taken.`);
      running.delete(item);
      instruments?.worked((clock.elapsed() - item.startedAt) / 1000);
      const { again } = item;
      item.running = NONE;
      item.again = NONE;
      if (again === NONE) dropIdle(item);
      else makeReady(item, again);
    },
    onReady(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    get length() {
      return lists.reduce((sum, list) => sum + list.length, 0);
    },
    failures: (key) => items.get(key)?.failures ?? 0,
  };
}

function moreUrgent(one: number, other: number): number {
  if (one === NONE) return other;
  return other === NONE ? one : Math.min(one, other);
}
