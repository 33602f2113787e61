import { canonicalEntry } from "./canonical-entry.ts";
import { type Checkpoint, hashOfNote, NO_CHECKPOINT, noteOf, signCheckpoint } from "./checkpoint.ts";
import type { Entry } from "./entry.ts";
import { leafHash, type Subtree, TreeEdge } from "./merkle-tree.ts";
import type { CheckpointSigner, KnownKeys } from "./signing-key.ts";
import { isStoredLevel } from "./stored-levels.ts";
import type { TrailCheckpoint } from "./trail.ts";

/** What a batch of entries adds to the tree. */
export interface Sealed {
  /** In the order of the entries; the first has the sequence `firstSequence`. */
  readonly hashes: readonly Buffer[];
  readonly firstSequence: number;
  readonly nodes: readonly (Subtree & { readonly hash: Buffer })[];
  readonly checkpoint: TrailCheckpoint;
}

/** The tree is not the one that was signed last: nothing may be put on top of it. */
export class TreeBroken extends Error {}

export interface SealingParts {
  readonly signer: CheckpointSigner;
  readonly keys: KnownKeys;
  readonly now: () => Date;
}

/**
 * Puts entries behind the last checkpoint and signs the new root. What the database says of the last checkpoint is believed
 * only with its signature: whoever changed the edge would have the service sign a tree of his.
 */
export function sealEntries(last: TrailCheckpoint | undefined, entries: readonly Entry[], { signer, keys, now }: SealingParts): Sealed {
  const edge = last === undefined ? new TreeEdge() : genuineEdge(last, keys);
  const firstSequence = edge.size;
  const nodes: (Subtree & { hash: Buffer })[] = [];
  const hashes = entries.map((entry, index) => {
    const hash = leafHash(canonicalEntry(entry, firstSequence + index));
    edge.append(hash, (level, position, node) => {
      if (isStoredLevel(level)) nodes.push({ level, position, hash: node });
    });
    return hash;
  });
  const [first] = entries;
  if (first === undefined) throw new Error("There is nothing to seal.");
  const checkpoint = signCheckpoint(
    {
      tenantId: first.tenantId,
      size: edge.size,
      root: edge.root(),
      signedAt: now().toISOString().replace("Z", "000Z"),
      previous: last === undefined ? NO_CHECKPOINT : hashOfNote(noteOf(last)),
    },
    signer,
  );
  return { hashes, firstSequence, nodes, checkpoint: { ...checkpoint, edge: edge.encode() } };
}

function genuineEdge(last: TrailCheckpoint, keys: KnownKeys): TreeEdge {
  const where = `the newest checkpoint of tenant ${last.tenantId}, of size ${last.size},`;
  if (keys.find(last.keyId) === undefined) {
    throw new TreeBroken(
      `${where} was signed by the unknown key ${last.keyId}. Was the signing key replaced? Then add its public key to formerKeys.`,
    );
  }
  if (!keys.verify(last.keyId, noteOf(last), last.signature)) throw new TreeBroken(`${where} was changed: its signature is wrong.`);
  const edge = TreeEdge.decode(last.size, last.edge);
  if (edge?.root().equals(last.root) !== true) throw new TreeBroken(`${where} has an edge that is not its own.`);
  return edge;
}

/** Told of each checkpoint once it is stored. */
export type Publish = (checkpoint: Checkpoint) => Promise<void>;
