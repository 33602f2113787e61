import { createHash } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { consistencyProof, inclusionProof, verifyConsistency, verifyInclusion } from "./merkle-proof.ts";
import { leafHash, type Subtree, TreeEdge } from "./merkle-tree.ts";
import { rootOver, storedBelow } from "./stored-levels.ts";

/** The definitions of RFC 9162, section 2.1.1, word for word. */
function mth(leaves: readonly Buffer[]): Buffer {
  const sha256 = (...parts: Uint8Array[]) => createHash("sha256").update(Buffer.concat(parts)).digest();
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return sha256(Buffer.of(0), leaves[0] as Buffer);
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha256(Buffer.of(1), mth(leaves.slice(0, k)), mth(leaves.slice(k)));
}

const aTree = (size: number) => Array.from({ length: size }, (_, index) => Buffer.from(`leaf ${index}`));

function edgeOf(leaves: readonly Buffer[]): TreeEdge {
  const edge = new TreeEdge();
  for (const leaf of leaves) edge.append(leafHash(leaf));
  return edge;
}

const reader = (leaves: readonly Buffer[]) => async (subtrees: readonly Subtree[]) =>
  subtrees.map((subtree) => {
    // As the store does it: from the hashes that are kept.
    const { level, first, last } = storedBelow(subtree);
    const hashes: Buffer[] = [];
    for (let at = first; at <= last; at++) hashes.push(mth(leaves.slice(at * 2 ** level, (at + 1) * 2 ** level)));
    return rootOver(hashes);
  });

/** Inputs and roots of Certificate Transparency's reference implementation, sizes 1 to 8. */
const VECTORS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"].map((hex) =>
  Buffer.from(hex, "hex"),
);
const ROOTS = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const hex = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString("hex"));

describe("the tree", () => {
  test("has the roots of the reference vectors, and SHA-256 of nothing when empty", () => {
    expect(new TreeEdge().root().toString("hex")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(
      ROOTS.map((_, index) =>
        edgeOf(VECTORS.slice(0, index + 1))
          .root()
          .toString("hex"),
      ),
    ).toEqual(ROOTS);
  });

  test("proves as the reference vectors do", async () => {
    expect(hex(await inclusionProof(0, 8, reader(VECTORS)))).toEqual([
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]);
    expect(hex(await inclusionProof(5, 8, reader(VECTORS)))).toEqual([
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]);
    expect(hex(await consistencyProof(6, 8, reader(VECTORS)))).toEqual([
      "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]);
    expect(await consistencyProof(1, 1, reader(VECTORS))).toEqual([]);
  });

  test("grows leaf by leaf to the root of the definition, also from an edge that was stored", () => {
    const sizes = fc.integer({ min: 0, max: 700 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 40 }), (size, more) => {
        const leaves = aTree(size + more);
        const edge = TreeEdge.decode(size, edgeOf(leaves.slice(0, size)).encode());
        for (const leaf of leaves.slice(size)) edge?.append(leafHash(leaf));
        expect(edge?.root()).toEqual(mth(leaves));
      }),
      { numRuns: 60 },
    );
    expect(TreeEdge.decode(3, Buffer.alloc(32))).toBeUndefined();
  });

  test("tells of every complete subtree once, with its root", () => {
    const leaves = aTree(300);
    const told = new Map<string, Buffer>();
    const edge = new TreeEdge();
    for (const leaf of leaves) {
      edge.append(leafHash(leaf), (level, position, hash) => {
        expect(told.has(`${level}/${position}`)).toBe(false);
        told.set(`${level}/${position}`, hash);
        expect(hash).toEqual(mth(leaves.slice(position * 2 ** level, (position + 1) * 2 ** level)));
      });
    }
    expect(told.size).toBe(150 + 75 + 37 + 18 + 9 + 4 + 2 + 1);
  });
});

const place = fc.integer({ min: 1, max: 600 }).chain((size) => fc.tuple(fc.constant(size), fc.integer({ min: 0, max: size - 1 })));

describe("proofs", () => {
  test("of inclusion hold for their leaf, place and root, and for nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(place, fc.nat(), async ([size, index], change) => {
        const leaves = aTree(size);
        const root = mth(leaves);
        const leaf = leafHash(leaves[index] as Buffer);
        const proof = await inclusionProof(index, size, reader(leaves));
        expect(verifyInclusion(leaf, index, size, proof, root)).toBe(true);
        expect(verifyInclusion(leafHash(Buffer.from("another")), index, size, proof, root)).toBe(false);
        expect(verifyInclusion(leaf, size, size, proof, root)).toBe(false);
        expect(verifyInclusion(leaf, index, size, [...proof, root], root)).toBe(false);
        if (size > 1) {
          expect(verifyInclusion(leaf, (index + 1) % size, size, proof, root)).toBe(false);
          expect(verifyInclusion(leaf, index, size, proof.slice(1), root)).toBe(false);
          expect(verifyInclusion(leaf, index, size, withChange(proof, change), root)).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("of consistency hold for two trees of which one is the beginning of the other, and for no others", async () => {
    await fc.assert(
      fc.asyncProperty(place, fc.nat(), async ([second, index], change) => {
        const first = index + 1;
        const leaves = aTree(second);
        const [older, newer] = [first, second].map((size) => ({ size, root: mth(leaves.slice(0, size)) })) as [Tree, Tree];
        const proof = await consistencyProof(first, second, reader(leaves));
        expect(verifyConsistency(older, newer, proof)).toBe(true);
        const rewritten = { size: first, root: mth([Buffer.from("another"), ...leaves.slice(1, first)]) };
        expect(verifyConsistency(rewritten, newer, proof)).toBe(false);
        expect(verifyConsistency(newer, { size: second, root: rewritten.root }, [])).toBe(false);
        if (first < second) {
          expect(verifyConsistency(newer, older, proof)).toBe(false);
          expect(verifyConsistency(older, newer, withChange(proof, change))).toBe(false);
          expect(verifyConsistency(older, newer, proof.slice(1))).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });
});

interface Tree {
  readonly size: number;
  readonly root: Buffer;
}

function withChange(proof: readonly Buffer[], at: number): Buffer[] {
  return proof.map((hash, index) => (index === at % proof.length ? leafHash(hash) : hash));
}
