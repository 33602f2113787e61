import { foldRoots, nodeHash, type Subtree } from "./merkle-tree.ts";

/** The leaves from `start` up to, but without, `end`. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** Answers the roots of complete subtrees, in the order asked for. */
export type SubtreeReader = (subtrees: readonly Subtree[]) => Promise<readonly Buffer[]>;

/** The hashes that lead from leaf `index` to the root of the tree of `size` (RFC 9162, 2.1.3.1). */
export function inclusionProof(index: number, size: number, read: SubtreeReader): Promise<Buffer[]> {
  return hashesOf(inclusionPath(index, { start: 0, end: size }), read);
}

/** The hashes that show the tree of `first` to be the beginning of that of `second` (RFC 9162, 2.1.4.1). */
export function consistencyProof(first: number, second: number, read: SubtreeReader): Promise<Buffer[]> {
  return hashesOf(consistencyPath(first, { start: 0, end: second }, true), read);
}

/** RFC 9162, 2.1.3.2. */
export function verifyInclusion(leaf: Buffer, index: number, size: number, proof: readonly Buffer[], root: Buffer): boolean {
  if (index >= size) return false;
  let at = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(sibling, hash);
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    at = half(at);
    last = half(last);
  }
  return last === 0 && hash.equals(root);
}

/** RFC 9162, 2.1.4.2. */
export function verifyConsistency(
  first: { readonly size: number; readonly root: Buffer },
  second: { readonly size: number; readonly root: Buffer },
  proof: readonly Buffer[],
): boolean {
  if (first.size === second.size) return proof.length === 0 && first.root.equals(second.root);
  if (first.size === 0 || first.size > second.size) return false;
  const path = isPowerOfTwo(first.size) ? [first.root, ...proof] : [...proof];
  let [oldRoot] = path;
  if (oldRoot === undefined) return false;
  let newRoot = oldRoot;
  let at = first.size - 1;
  let last = second.size - 1;
  while (at % 2 === 1) {
    at = half(at);
    last = half(last);
  }
  for (const hash of path.slice(1)) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      oldRoot = nodeHash(hash, oldRoot);
      newRoot = nodeHash(hash, newRoot);
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = half(last);
      }
    } else {
      newRoot = nodeHash(newRoot, hash);
    }
    at = half(at);
    last = half(last);
  }
  return last === 0 && oldRoot.equals(first.root) && newRoot.equals(second.root);
}

function inclusionPath(index: number, { start, end }: Range): Range[] {
  if (end - start === 1) return [];
  const middle = start + split(end - start);
  return index < middle
    ? [...inclusionPath(index, { start, end: middle }), { start: middle, end }]
    : [...inclusionPath(index, { start: middle, end }), { start, end: middle }];
}

/** @param whole whether the verifier knows the root of this part already. */
function consistencyPath(first: number, { start, end }: Range, whole: boolean): Range[] {
  if (first === end) return whole ? [] : [{ start, end }];
  const middle = start + split(end - start);
  return first <= middle
    ? [...consistencyPath(first, { start, end: middle }, whole), { start: middle, end }]
    : [...consistencyPath(first, { start: middle, end }, false), { start, end: middle }];
}

async function hashesOf(ranges: readonly Range[], read: SubtreeReader): Promise<Buffer[]> {
  const parts = ranges.map(completeSubtrees);
  const roots = await read(parts.flat());
  let at = 0;
  return parts.map((subtrees) => {
    at += subtrees.length;
    return foldRoots(roots.slice(at - subtrees.length, at));
  });
}

/** The ranges of proofs begin at a multiple of their own size rounded up, so the subtrees that make them up are complete ones. */
function completeSubtrees({ start, end }: Range): Subtree[] {
  const subtrees: Subtree[] = [];
  for (let at = start; at < end; ) {
    let level = 0;
    while (2 ** (level + 1) <= end - at) level++;
    subtrees.push({ level, position: at / 2 ** level });
    at += 2 ** level;
  }
  return subtrees;
}

/** The largest power of two below `size`. */
function split(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

function isPowerOfTwo(size: number): boolean {
  return split(size) * 2 === size || size === 1;
}

function half(value: number): number {
  return Math.floor(value / 2);
}
