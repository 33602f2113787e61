import { hash } from "node:crypto";
import { HASH_BYTES } from "./merkle-tree.ts";
import type { CheckpointSigner } from "./signing-key.ts";

/** What a checkpoint states: the tenant's tree of this size has this root, and these checkpoints went before. */
export interface CheckpointStatement {
  readonly tenantId: string;
  readonly size: number;
  readonly root: Buffer;
  /** RFC 3339 in UTC with microseconds. */
  readonly signedAt: string;
  /** SHA-256 of the note before it; zeros for the first. Whoever takes one checkpoint away breaks the chain. */
  readonly previous: Buffer;
}

/** A statement with its signature. */
export interface Checkpoint extends CheckpointStatement {
  readonly keyId: string;
  readonly signature: Buffer;
}

/** `previous` of a tenant's first checkpoint. */
export const NO_CHECKPOINT: Buffer = Buffer.alloc(HASH_BYTES);

export function originOf(tenantId: string): string {
  return `plinth/${tenantId}`;
}

/**
 * The signed text: origin, size, root, time and the hash of the note before, a line each. The first three lines are those of
 * a checkpoint by C2SP tlog-checkpoint, the others its extension lines.
 */
export function noteOf({ tenantId, size, root, signedAt, previous }: CheckpointStatement): string {
  return `${originOf(tenantId)}\n${size}\n${root.toString("base64")}\n${signedAt}\n${previous.toString("base64")}\n`;
}

export function hashOfNote(note: string): Buffer {
  return hash("sha256", note, "buffer");
}

export function signCheckpoint(statement: CheckpointStatement, signer: CheckpointSigner): Checkpoint {
  return { ...statement, keyId: signer.keyId, signature: signer.sign(noteOf(statement)) };
}

/** One line of a file of checkpoints. */
export function checkpointLine(checkpoint: Checkpoint): string {
  const { tenantId, keyId, signature } = checkpoint;
  return `${JSON.stringify({ tenant: tenantId, note: noteOf(checkpoint), key: keyId, signature: signature.toString("base64") })}\n`;
}

/** A checkpoint as it was once published, outside the database. */
export interface WitnessedCheckpoint {
  readonly tenantId: string;
  readonly size: number;
  readonly note: string;
  readonly keyId: string;
  readonly signature: Buffer;
}

/** Reads what `checkpointLine` wrote; undefined for anything else. */
export function parseCheckpointLine(line: string): WitnessedCheckpoint | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { tenant, note, key, signature } = value as Record<string, unknown>;
  if (typeof tenant !== "string" || typeof note !== "string" || typeof key !== "string" || typeof signature !== "string") return undefined;
  const [origin, size] = note.split("\n");
  if (origin !== originOf(tenant) || !/^[1-9]\d{0,15}$/.test(size ?? "")) return undefined;
  return { tenantId: tenant, size: Number(size), note, keyId: key, signature: Buffer.from(signature, "base64") };
}
