import { StripeError } from "./stripe-error.ts";

export interface KeptAnswer {
  readonly status: number;
  readonly body: string;
}

/** A key with the request that it stands for, and its answer. */
export interface KeptKey {
  readonly key: string;
  readonly request: string;
  readonly answer: KeptAnswer;
}

/**
 * Keys as Stripe keeps them: the first answer is given again whatever it was, unless the request was refused before anything was done; the same key
 * with other parameters is refused, and so is one that is in use.
 */
export interface IdempotencyKeys {
  /** Runs `work` unless the key has its answer already. */
  once(key: string, request: string, work: () => KeptAnswer): KeptAnswer & { readonly isReplay: boolean };
  /** Keeps a key in use until `release` is called: its request hangs. */
  occupy(key: string): () => void;
  list(): KeptKey[];
}

export function createIdempotencyKeys(saved: readonly KeptKey[] = []): IdempotencyKeys {
  const answers = new Map(saved.map((kept) => [kept.key, kept]));
  const inUse = new Set<string>();
  return {
    once(key, request, work) {
      if (inUse.has(key)) {
        throw new StripeError(409, {
          type: "idempotency_error",
          code: "idempotency_key_in_use",
          message: "There is currently another in-progress request using this Idempotency Key.",
        });
      }
      const known = answers.get(key);
      if (known !== undefined) {
        if (known.request !== request) {
          throw new StripeError(400, {
            type: "idempotency_error",
            message: `Keys for idempotent requests can only be used with the same parameters they were first used with: ${key}`,
          });
        }
        return { ...known.answer, isReplay: true };
      }
      const answer = work();
      // A 4xx other than a decline says that nothing was begun.
      if (answer.status < 400 || answer.status === 402 || answer.status >= 500) answers.set(key, { key, request, answer });
      return { ...answer, isReplay: false };
    },
    occupy(key) {
      inUse.add(key);
      return () => inUse.delete(key);
    },
    list: () => [...answers.values()],
  };
}
