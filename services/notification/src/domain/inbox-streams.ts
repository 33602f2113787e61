import { type Clock, rateLimited, unavailable } from "@plinth/kernel/base";

/** What a stream is told. `idle`: nothing, for so long that the connection wants a sign of life. */
export type InboxChange = { readonly kind: "changed"; readonly messageId: string } | { readonly kind: "idle" };

/** Somebody who watches an inbox. */
export interface InboxStream {
  /** The next change, when it comes; undefined at the end. One call at a time. */
  next(): Promise<InboxChange | undefined>;
  /** Every stream that was opened must be closed. */
  close(): void;
}

/** Who watches whose inbox, in this process. */
export interface InboxStreams {
  /** Ends when `signal` aborts or the service stops. Throws RATE_LIMITED, reason TOO_MANY_STREAMS. */
  open(tenantId: string, userId: string, signal: AbortSignal): InboxStream;
  /** Wakes all streams of the user. */
  changed(tenantId: string, userId: string, messageId: string): void;
  /** Ends all streams, and takes no new one. */
  close(): void;
}

/** Of one user; a browser with more tabs shares one. */
const STREAMS_PER_USER = 20;
/** Changes that a slow reader may be behind; beyond, its stream ends, and it reads the inbox anew. */
const BACKLOG = 200;
export const IDLE_MS = 30_000;

export function createInboxStreams(clock: Clock): InboxStreams {
  const watchers = new Map<string, Set<Watcher>>();
  let closed = false;
  return {
    open(tenantId, userId, signal) {
      if (closed) throw unavailable("The service is stopping; connect again.", { retryAfterSeconds: 1 });
      const key = keyOf(tenantId, userId);
      const all = watchers.get(key) ?? new Set<Watcher>();
      if (all.size >= STREAMS_PER_USER) {
        throw rateLimited(`There are ${STREAMS_PER_USER} streams of this inbox already; close one.`, { reason: "TOO_MANY_STREAMS" });
      }
      const watcher = new Watcher(clock, signal, () => {
        all.delete(watcher);
        if (all.size === 0) watchers.delete(key);
      });
      watchers.set(key, all.add(watcher));
      return watcher;
    },

    changed(tenantId, userId, messageId) {
      for (const watcher of watchers.get(keyOf(tenantId, userId)) ?? []) watcher.tell(messageId);
    },

    close() {
      closed = true;
      for (const all of watchers.values()) for (const watcher of all) watcher.end();
    },
  };
}

function keyOf(tenantId: string, userId: string): string {
  return `${tenantId} ${userId}`;
}

class Watcher implements InboxStream {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #leave: () => void;
  readonly #queue: string[] = [];
  readonly #end = () => this.end();
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(clock: Clock, signal: AbortSignal, leave: () => void) {
    this.#clock = clock;
    this.#signal = signal;
    this.#leave = leave;
    this.#ended = signal.aborted;
    signal.addEventListener("abort", this.#end, { once: true });
  }

  tell(messageId: string): void {
    if (this.#queue.length >= BACKLOG) this.#ended = true;
    else this.#queue.push(messageId);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async next(): Promise<InboxChange | undefined> {
    let idle = false;
    if (this.#queue.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after(IDLE_MS, () => {
          idle = true;
          resolve();
        });
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
      this.#wake = undefined;
    }
    const messageId = this.#queue.shift();
    if (messageId !== undefined) return { kind: "changed", messageId };
    return idle && !this.#ended ? { kind: "idle" } : undefined;
  }

  close(): void {
    this.#signal.removeEventListener("abort", this.#end);
    this.#leave();
  }
}
