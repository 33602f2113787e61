import type { Subtree } from "./merkle-tree.ts";
import { TreeEdge } from "./merkle-tree.ts";
import type { Problem } from "./problem.ts";
import { isStoredLevel } from "./stored-levels.ts";
import type { Trail, TrailCheckpoint } from "./trail.ts";

interface RebuiltLeaf {
  readonly sequence: number;
  readonly entryId: string;
  /** As the leaf's row says. */
  readonly stored: Buffer;
  /** From the entry. */
  readonly computed: Buffer;
}

interface Node extends Subtree {
  readonly hash: Buffer;
}

/** Nodes compared in one read. */
const NODES = 1_000;
/** Rows that differ, kept by name until a checkpoint says which side is right. */
const SUSPECTS = 100;

/**
 * The tree as it is built up again. Where a leaf's row and its entry differ, one of them was changed: two trees are built
 * from there on, and the next genuine checkpoint says which of the two is the one that was signed.
 */
export class RebuiltTree {
  readonly #tenantId: string;
  readonly #trail: Trail;
  readonly #report: (problem: Omit<Problem, "tenantId">) => void;
  #byLeaves: TreeEdge = new TreeEdge();
  /** Undefined as long as both are the same. */
  #byEntries: TreeEdge | undefined;
  /** Leaves are missing: no root can be known before the next checkpoint. */
  #interrupted = false;
  #suspects: RebuiltLeaf[] = [];
  #checkedSize = 0;
  /** Of the entries since the last checkpoint. */
  #ids: string[] = [];
  /** Completed since the last checkpoint, in both trees. */
  #nodes: Node[] = [];
  #nodesByEntries: Node[] = [];
  #proven: Node[] = [];

  constructor(tenantId: string, trail: Trail, report: (problem: Omit<Problem, "tenantId">) => void) {
    this.#tenantId = tenantId;
    this.#trail = trail;
    this.#report = report;
  }

  append(leaf: RebuiltLeaf): void {
    this.#ids.push(leaf.entryId);
    if (!leaf.stored.equals(leaf.computed)) {
      if (this.#suspects.length < SUSPECTS) this.#suspects.push(leaf);
      if (this.#byEntries === undefined) {
        this.#byEntries = this.#byLeaves.clone();
        this.#nodesByEntries = [...this.#nodes];
      }
    }
    this.#byEntries?.append(leaf.computed, noteNode(this.#nodesByEntries));
    this.#byLeaves.append(leaf.stored, noteNode(this.#nodes));
  }

  interrupt(): void {
    this.#interrupted = true;
  }

  /** Compares with a checkpoint whose signature is good, and goes on from there. */
  async compareRoot(checkpoint: TrailCheckpoint): Promise<void> {
    const { size, root } = checkpoint;
    const byLeaves = !this.#interrupted && this.#byLeaves.size === size && this.#byLeaves.root().equals(root);
    const byEntries = !this.#interrupted && this.#byEntries?.size === size && this.#byEntries.root().equals(root);
    for (const suspect of this.#suspects) this.#name(suspect, byEntries === true);
    const kept = TreeEdge.decode(size, checkpoint.edge);
    // The edge is not signed, but nothing else hashes to the signed root.
    const genuine = kept?.root().equals(root) === true ? kept : undefined;
    if (genuine === undefined) {
      const message = `The edge kept with the checkpoint of size ${size} is not the one that was signed.`;
      this.#report({ kind: "node-changed", sequence: size, entryId: "", message });
    }
    if (!byLeaves && !byEntries && !this.#interrupted && this.#suspects.length === 0) this.#nameRange(size, genuine);
    if (byLeaves) this.#proven.push(...this.#nodes);
    else if (byEntries) this.#proven.push(...this.#nodesByEntries);
    if (byEntries && !byLeaves && this.#byEntries !== undefined) this.#byLeaves = this.#byEntries;
    else if (!byLeaves && genuine !== undefined) this.#byLeaves = genuine;
    this.#interrupted = !byLeaves && !byEntries && genuine === undefined;
    this.#byEntries = undefined;
    this.#suspects = [];
    this.#nodes = [];
    this.#nodesByEntries = [];
    this.#ids = [];
    this.#checkedSize = size;
    if (this.#proven.length >= NODES) await this.compareNodes();
  }

  /** Compares what was proven with the hashes that proofs are made from. Names also what no genuine checkpoint decided upon. */
  async compareNodes(): Promise<void> {
    const nodes = this.#proven.splice(0);
    const stored = await this.#trail.nodes(this.#tenantId, nodes);
    for (const [index, { level, position, hash }] of nodes.entries()) {
      if (stored[index]?.equals(hash) === true) continue;
      const sequence = position * 2 ** level;
      const what = stored[index] === undefined ? "is gone" : "was changed";
      this.#report({
        kind: "node-changed",
        sequence,
        entryId: "",
        message: `The hash over sequences ${sequence} to ${sequence + 2 ** level - 1} ${what}; the entries are as they were, but proofs fail.`,
      });
    }
  }

  /** At the end: what differs behind the last genuine checkpoint. */
  nameSuspects(): void {
    for (const suspect of this.#suspects) this.#name(suspect, false);
    this.#suspects = [];
  }

  /** Rows and leaves agree, and yet the root is wrong: the smallest part of the batch that the signed edge tells apart. */
  #nameRange(size: number, genuine: TreeEdge | undefined): void {
    const differing = genuine?.firstDifference(this.#byLeaves);
    const start = Math.max(this.#checkedSize, differing?.start ?? 0);
    const end = Math.min(size, differing?.end ?? size);
    const one = end - start === 1;
    const entryId = one ? (this.#ids[start - this.#checkedSize] ?? "") : "";
    const which = one ? `Entry ${entryId} at sequence ${start} was` : `One or more of the entries at sequences ${start} to ${end - 1} were`;
    const message = `${which} changed together with the leaf: the root of size ${size} is not the signed one.`;
    this.#report({ kind: "root-mismatch", sequence: start, entryId, message });
  }

  #name({ sequence, entryId }: RebuiltLeaf, entriesAreRight: boolean): void {
    this.#report(
      entriesAreRight
        ? {
            kind: "leaf-changed",
            sequence,
            entryId,
            message: `The leaf of entry ${entryId} at sequence ${sequence} was changed; the entry is as it was signed.`,
          }
        : {
            kind: "entry-changed",
            sequence,
            entryId,
            message: `Entry ${entryId} at sequence ${sequence} was changed, or stood at another place.`,
          },
    );
  }
}

function noteNode(nodes: Node[]): (level: number, position: number, hash: Buffer) => void {
  return (level, position, hash) => {
    if (isStoredLevel(level)) nodes.push({ level, position, hash });
  };
}
