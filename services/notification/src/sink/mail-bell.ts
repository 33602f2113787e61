/** Rings when a mail has come. */
export interface MailBell {
  ring(): void;
  /** True at the next ring; false when `limit` aborts first, or at the end. */
  next(limit: AbortSignal): Promise<boolean>;
  readonly closed: boolean;
  close(): void;
}

export function createMailBell(): MailBell {
  let waiting = new Set<(rung: boolean) => void>();
  let closed = false;
  const answer = (rung: boolean) => {
    const all = waiting;
    waiting = new Set();
    for (const settle of all) settle(rung);
  };
  return {
    ring: () => answer(true),
    next: (limit) =>
      new Promise((resolve) => {
        if (limit.aborted || closed) return resolve(false);
        const settle = (rung: boolean) => {
          limit.removeEventListener("abort", giveUp);
          waiting.delete(settle);
          resolve(rung);
        };
        const giveUp = () => settle(false);
        limit.addEventListener("abort", giveUp, { once: true });
        waiting.add(settle);
      }),
    get closed() {
      return closed;
    },
    close() {
      closed = true;
      answer(false);
    },
  };
}
