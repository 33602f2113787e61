import type { Checkpoint } from "./checkpoint.ts";
import type { Entry } from "./entry.ts";
import type { Subtree } from "./merkle-tree.ts";

/** A leaf, and the entry it stands for where that is still there. */
export interface TrailLeaf {
  readonly sequence: number;
  readonly entryId: string;
  readonly hash: Buffer;
  readonly entry: Entry | undefined;
}

/** A checkpoint as stored, with the edge from which the tree went on. */
export interface TrailCheckpoint extends Checkpoint {
  readonly edge: Buffer;
}

/** How far a tenant's trail reaches; both read at one moment. */
export interface TrailBounds {
  /** Size of the newest checkpoint, 0 where there is none. */
  readonly checkpointed: number;
  /** One more than the highest sequence of a leaf. */
  readonly leaves: number;
}

/** Something recorded that the tree does not know. */
export interface LooseEntry {
  readonly entryId: string;
  /** `unsealed`: an entry neither in the tree nor on its way there. `missing`: an id that was recorded, without its entry. */
  readonly kind: "unsealed" | "missing";
}

/** Reads what the database holds of one tenant after another, as it is: nothing is taken for granted. */
export interface Trail {
  /** Every tenant that any table names. */
  tenants(): Promise<readonly string[]>;
  bounds(tenantId: string): Promise<TrailBounds>;
  /** By size, up to `size`. */
  checkpoints(tenantId: string, size: number): AsyncIterable<TrailCheckpoint>;
  /** By sequence, below `size`. */
  leaves(tenantId: string, size: number): AsyncIterable<TrailLeaf>;
  /** The stored hashes in the order asked for, undefined where there is none. Levels are those that are stored. */
  nodes(tenantId: string, subtrees: readonly Subtree[]): Promise<readonly (Buffer | undefined)[]>;
  loose(tenantId: string): AsyncIterable<LooseEntry>;
}
