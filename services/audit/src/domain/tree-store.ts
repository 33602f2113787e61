import type { Entry } from "./entry.ts";
import type { SubtreeReader } from "./merkle-proof.ts";
import type { TrailCheckpoint } from "./trail.ts";

/** An entry by its id, as far as the tree is concerned. */
export interface PlacedEntry {
  readonly entry: Entry;
  /** Undefined until it is sealed. */
  readonly sequence: number | undefined;
}

/** Reads the tree for proofs. */
export interface TreeStore {
  /** The checkpoint of exactly this size; the newest for 0. */
  findCheckpoint(tenantId: string, size: number): Promise<TrailCheckpoint | undefined>;
  findPlaced(tenantId: string, entryId: string): Promise<PlacedEntry | undefined>;
  /** Throws where a hash is not there. */
  subtrees(tenantId: string): SubtreeReader;
}
