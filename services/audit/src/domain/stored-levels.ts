import { nodeHash, type Subtree } from "./merkle-tree.ts";

/**
 * Of the tree's inner hashes, only those of every eighth level are kept: one row for 255 that can be made again from at most 256 hashes below
 * them, so the tree costs little more than its leaves, and a proof reads a few hundred hashes in one range for each eight levels.
 */
export const STORED_EVERY = 8;

export function isStoredLevel(level: number): boolean {
  return level > 0 && level % STORED_EVERY === 0;
}

/** Neighbouring stored hashes, the last included. Level 0 are the leaves. */
export interface StoredRange {
  readonly level: number;
  readonly first: number;
  readonly last: number;
}

/** What is stored below a subtree, or the subtree itself. */
export function storedBelow({ level, position }: Subtree): StoredRange {
  const below = level % STORED_EVERY;
  const width = 2 ** below;
  return { level: level - below, first: position * width, last: (position + 1) * width - 1 };
}

/** The root over a full range. */
export function rootOver(hashes: readonly Buffer[]): Buffer {
  let row = [...hashes];
  while (row.length > 1) {
    const above: Buffer[] = [];
    for (let at = 0; at < row.length; at += 2) above.push(nodeHash(row[at] as Buffer, row[at + 1] as Buffer));
    row = above;
  }
  return row[0] as Buffer;
}
