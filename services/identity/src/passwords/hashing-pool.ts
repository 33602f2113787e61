import { unavailable } from "@plinth/kernel/base";

/**
 * Runs at most `concurrency` hashings at once and lets `queueLimit` wait. Hashing is meant to be slow, so without a
 * bound a burst of logins would starve everything else in the process; beyond the bound the caller is told to come back.
 */
export class HashingPool {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #concurrency: number;
  readonly #queueLimit: number;

  constructor(concurrency: number, queueLimit: number) {
    this.#concurrency = concurrency;
    this.#queueLimit = queueLimit;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#concurrency) await this.#turn();
    else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The place is handed on without a gap in which a newcomer could slip in.
      if (next) next();
      else this.#running--;
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= this.#queueLimit) {
      throw unavailable("Too many sign-ins at once.", { reason: "HASHING_OVERLOADED", retryAfterSeconds: 1 });
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
