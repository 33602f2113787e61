export type ProblemKind =
  /** The entry's content or place does not hash to its leaf. */
  | "entry-changed"
  /** A sequence has no entry, or no leaf. */
  | "entry-missing"
  /** An entry that is neither in the tree nor on its way there. */
  | "entry-unsealed"
  /** The leaf's hash was changed; the entry is as it was signed. */
  | "leaf-changed"
  /** Entries were changed together with their leaves. */
  | "root-mismatch"
  | "signature-invalid"
  /** A checkpoint that there was is gone or is another one. */
  | "checkpoint-missing"
  /** A stored hash inside the tree is wrong: entries stand, proofs do not. */
  | "node-changed";

/** One thing that is not as it was recorded. */
export interface Problem {
  readonly kind: ProblemKind;
  readonly tenantId: string;
  /** The entry's place in the tree, or the checkpoint's size; -1 for an entry that has no place. */
  readonly sequence: number;
  /** Empty where no single entry is meant. */
  readonly entryId: string;
  /** In words, with what to look at. */
  readonly message: string;
}

/** Enough to see what happened; a trail rewritten as a whole has as many as entries. */
export const MAX_PROBLEMS = 100;
