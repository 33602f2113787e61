import { isAlreadyExists, isConflict } from "@plinth/kernel/kube";

/** Tries in a row after which it is no longer a matter of moments: about 150 ms of back-off. */
const MOST_TRIES = 5;

/** Which failures of a reconcile are not worth a word. */
export interface HarmlessConflicts {
  /** Whether what failed was only that somebody else was faster: the next try reads it anew. Not for ever: what stays that way is to be told. */
  excuse(key: string, error: unknown): boolean;
  /** The key came to its end, or failed otherwise. */
  forget(key: string): void;
}

export function createHarmlessConflicts(): HarmlessConflicts {
  const tries = new Map<string, number>();
  return {
    excuse(key, error) {
      if (!isConflict(error) && !isAlreadyExists(error)) return false;
      const count = (tries.get(key) ?? 0) + 1;
      tries.set(key, count);
      return count <= MOST_TRIES;
    },
    forget: (key) => void tries.delete(key),
  };
}
