import { createHash, hash } from "node:crypto";

/**
 * The Merkle tree of RFC 9162, section 2.1, over leaves that only ever come behind the last one. Sizes and positions are
 * plain numbers: exact up to 2^53.
 */

export const HASH_BYTES = 32;

/** Leaves and nodes are hashed apart, so that no node can be passed off as a leaf. */
const LEAF = Buffer.of(0);
const NODE = 1;

export const EMPTY_ROOT: Buffer = createHash("sha256").digest();

export function leafHash(data: Uint8Array): Buffer {
  return hash("sha256", Buffer.concat([LEAF, data]), "buffer");
}

const scratch = Buffer.alloc(1 + 2 * HASH_BYTES, NODE);

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  scratch.set(left, 1);
  scratch.set(right, 1 + HASH_BYTES);
  return hash("sha256", scratch, "buffer");
}

/** A complete subtree: 2^level leaves, the first of which is position * 2^level. Level 0 is a leaf. */
export interface Subtree {
  readonly level: number;
  readonly position: number;
}

export type NodeListener = (level: number, position: number, hash: Buffer) => void;

/**
 * The right edge of a tree: the roots of its complete subtrees, one for each bit of its size, the largest first. All that
 * is needed to append to the tree and to know its root.
 */
export class TreeEdge {
  #size: number;
  readonly #roots: Buffer[];

  constructor(size = 0, roots: readonly Buffer[] = []) {
    this.#size = size;
    this.#roots = [...roots];
  }

  /** Undefined where the bytes are not those of an edge of this size. */
  static decode(size: number, bytes: Buffer): TreeEdge | undefined {
    if (bytes.length !== ones(size) * HASH_BYTES) return undefined;
    const roots: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += HASH_BYTES) roots.push(bytes.subarray(at, at + HASH_BYTES));
    return new TreeEdge(size, roots);
  }

  get size(): number {
    return this.#size;
  }

  encode(): Buffer {
    return Buffer.concat(this.#roots);
  }

  clone(): TreeEdge {
    return new TreeEdge(this.#size, this.#roots);
  }

  /** Appends a leaf; tells of each subtree that it completes, from below. */
  append(leaf: Buffer, completed?: NodeListener): void {
    let root = leaf;
    let level = 0;
    let position = this.#size;
    while (position % 2 === 1) {
      root = nodeHash(this.#roots.pop() ?? EMPTY_ROOT, root);
      position = (position - 1) / 2;
      level++;
      completed?.(level, position, root);
    }
    this.#roots.push(root);
    this.#size++;
  }

  root(): Buffer {
    return foldRoots(this.#roots);
  }

  /** The leaves of the first complete subtree in which two trees of one size differ; `end` is without. */
  firstDifference(other: TreeEdge): { readonly start: number; readonly end: number } | undefined {
    let start = 0;
    for (const [index, root] of this.#roots.entries()) {
      const width = largestPowerUpTo(this.#size - start);
      if (other.#roots[index]?.equals(root) !== true) return { start, end: start + width };
      start += width;
    }
    return undefined;
  }
}

/** The root over neighbouring complete subtrees, the largest first. */
export function foldRoots(roots: readonly Buffer[]): Buffer {
  let root = roots.at(-1);
  if (root === undefined) return EMPTY_ROOT;
  for (let at = roots.length - 2; at >= 0; at--) root = nodeHash(roots[at] ?? EMPTY_ROOT, root);
  return root;
}

function largestPowerUpTo(size: number): number {
  let power = 1;
  while (power * 2 <= size) power *= 2;
  return power;
}

function ones(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}
