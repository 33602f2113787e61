import { canonicalEntry } from "./canonical-entry.ts";
import { type Checkpoint, hashOfNote, NO_CHECKPOINT, noteOf } from "./checkpoint.ts";
import { leafHash } from "./merkle-tree.ts";
import { MAX_PROBLEMS, type Problem, type ProblemKind } from "./problem.ts";
import { RebuiltTree } from "./rebuilt-tree.ts";
import type { KnownKeys } from "./signing-key.ts";
import type { Trail, TrailCheckpoint, TrailLeaf } from "./trail.ts";
import type { Witnesses } from "./witnesses.ts";

export interface VerifyOptions {
  readonly trail: Trail;
  /** The public keys that the verifier trusts; what the database says of keys counts for nothing. */
  readonly keys: KnownKeys;
  /** Checkpoints known from outside the database. Without them nobody can tell that the newest part of everything is gone. */
  readonly witnesses?: Witnesses | undefined;
  /** Entries before it are taken by their leaves, unread. */
  readonly from?: number | undefined;
  /** The last sequence to look at; all that is sealed where undefined. */
  readonly to?: number | undefined;
}

export interface TenantReport {
  readonly tenantId: string;
  /** The first in the order of the tree is the first in the list. At most 100. */
  readonly problems: readonly Problem[];
  readonly entriesChecked: number;
  readonly checkpointsChecked: number;
  /** The newest checkpoint up to which all is well. */
  readonly checkpoint: Checkpoint | undefined;
}

/**
 * Recomputes a tenant's leaves and roots from its entries and compares them with what was signed: finds any entry edited,
 * deleted, added or moved, any checkpoint taken away or forged, also where whoever did so recomputed all the rest.
 */
export async function verifyTenant(tenantId: string, options: VerifyOptions): Promise<TenantReport> {
  const verification = new TenantVerification(tenantId, options);
  await verification.run();
  return verification.report();
}

class TenantVerification {
  readonly #tenantId: string;
  readonly #options: VerifyOptions;
  readonly #problems: Problem[] = [];
  readonly #tree: RebuiltTree;
  #entriesChecked = 0;
  #checkpointsChecked = 0;
  #nextSequence = 0;
  /** The checkpoint before, and whether it was genuine: a forged one has no say about its place in the chain. */
  #before: { readonly checkpoint: TrailCheckpoint; readonly genuine: boolean } | undefined;
  #lastGood: TrailCheckpoint | undefined;

  constructor(tenantId: string, options: VerifyOptions) {
    this.#tenantId = tenantId;
    this.#options = options;
    this.#tree = new RebuiltTree(tenantId, options.trail, (problem) =>
      this.#report(problem.kind, problem.sequence, problem.entryId, problem.message),
    );
  }

  async run(): Promise<void> {
    const { trail, to } = this.#options;
    const bounds = await trail.bounds(this.#tenantId);
    const checkpoints = trail.checkpoints(this.#tenantId, bounds.checkpointed)[Symbol.asyncIterator]();
    let next = (await checkpoints.next()).value as TrailCheckpoint | undefined;
    for await (const leaf of trail.leaves(this.#tenantId, bounds.checkpointed)) {
      // Checkpoints inside a gap of leaves, too.
      for (; next !== undefined && next.size <= leaf.sequence; next = await nextOf(checkpoints)) await this.#checkpoint(next);
      if (to !== undefined && leaf.sequence > to && (this.#before?.checkpoint.size ?? 0) > to) break;
      this.#leaf(leaf);
    }
    const complete = to === undefined || to >= bounds.checkpointed - 1;
    for (; next !== undefined && (complete || next.size <= this.#nextSequence); next = await nextOf(checkpoints))
      await this.#checkpoint(next);
    await checkpoints.return?.();
    this.#tree.nameSuspects();
    await this.#tree.compareNodes();
    if (!complete) return;
    this.#end(bounds.checkpointed, bounds.leaves);
    await this.#witnesses(bounds.checkpointed);
    for await (const { entryId, kind } of trail.loose(this.#tenantId)) {
      if (kind === "missing") this.#report("entry-missing", -1, entryId, `Entry ${entryId} was recorded and deleted before it was sealed.`);
      else
        this.#report(
          "entry-unsealed",
          -1,
          entryId,
          `Entry ${entryId} is not in the tree and not on its way there: it was put in by hand, or its leaf was deleted.`,
        );
      if (this.#problems.length >= MAX_PROBLEMS) return;
    }
  }

  report(): TenantReport {
    const from = this.#options.from ?? 0;
    const concerned = this.#problems.filter(({ sequence }) => sequence === -1 || sequence >= from);
    // What has no place in the tree comes last.
    const place = ({ sequence }: Problem): number => (sequence === -1 ? Number.POSITIVE_INFINITY : sequence);
    return {
      tenantId: this.#tenantId,
      problems: concerned.sort((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b))),
      entriesChecked: this.#entriesChecked,
      checkpointsChecked: this.#checkpointsChecked,
      checkpoint: this.#lastGood,
    };
  }

  #leaf({ sequence, entryId, hash, entry }: TrailLeaf): void {
    this.#missingUpTo(sequence);
    this.#nextSequence = sequence + 1;
    let computed = hash;
    if (sequence >= (this.#options.from ?? 0)) {
      this.#entriesChecked++;
      if (entry !== undefined) computed = leafHash(canonicalEntry(entry, sequence));
      else
        this.#report(
          "entry-missing",
          sequence,
          entryId,
          `Entry ${entryId} at sequence ${sequence} is gone, or has another time of recording.`,
        );
    }
    this.#tree.append({ sequence, entryId, stored: hash, computed });
  }

  #missingUpTo(sequence: number): void {
    if (sequence <= this.#nextSequence) return;
    const range =
      sequence - this.#nextSequence === 1
        ? `Sequence ${this.#nextSequence} has`
        : `Sequences ${this.#nextSequence} to ${sequence - 1} have`;
    this.#report("entry-missing", this.#nextSequence, "", `${range} no leaf any more.`);
    this.#tree.interrupt();
  }

  async #checkpoint(checkpoint: TrailCheckpoint): Promise<void> {
    this.#missingUpTo(checkpoint.size);
    this.#nextSequence = Math.max(this.#nextSequence, checkpoint.size);
    this.#checkpointsChecked++;
    const { size, keyId } = checkpoint;
    const genuine = this.#options.keys.verify(keyId, noteOf(checkpoint), checkpoint.signature);
    if (!genuine) {
      const why =
        this.#options.keys.find(keyId) === undefined ? `its key ${keyId} is not among the trusted ones` : "its signature is wrong";
      this.#report("signature-invalid", size, "", `The checkpoint of size ${size} was forged or changed: ${why}.`);
    } else {
      const expected = this.#before === undefined ? NO_CHECKPOINT : hashOfNote(noteOf(this.#before.checkpoint));
      if (this.#before?.genuine !== false && !expected.equals(checkpoint.previous)) {
        this.#report("checkpoint-missing", size, "", `The checkpoint before that of size ${size} is gone.`);
      }
      await this.#tree.compareRoot(checkpoint);
      if (this.#problems.length === 0) this.#lastGood = checkpoint;
    }
    this.#before = { checkpoint, genuine };
  }

  #end(checkpointed: number, leaves: number): void {
    if (leaves > checkpointed) {
      const what = leaves - checkpointed === 1 ? `Sequence ${checkpointed} stands` : `Sequences ${checkpointed} to ${leaves - 1} stand`;
      this.#report(
        "checkpoint-missing",
        checkpointed,
        "",
        `${what} behind the newest checkpoint, of size ${checkpointed}: newer checkpoints were deleted.`,
      );
    }
  }

  async #witnesses(checkpointed: number): Promise<void> {
    const { witnesses, trail, keys } = this.#options;
    if (witnesses === undefined) return;
    const open = witnesses.of(this.#tenantId);
    for (const [size, witness] of open) {
      if (!keys.verify(witness.keyId, witness.note, witness.signature)) {
        open.delete(size);
        this.#report(
          "signature-invalid",
          size,
          "",
          `The published checkpoint of size ${size} was changed, or signed by a key that is not trusted.`,
        );
      }
    }
    for await (const checkpoint of trail.checkpoints(this.#tenantId, checkpointed)) {
      const witness = open.get(checkpoint.size);
      if (witness !== undefined && witness.note === noteOf(checkpoint)) open.delete(checkpoint.size);
    }
    if (open.size === 0) return;
    // What was published after this verification began is there by now.
    const now = await trail.bounds(this.#tenantId);
    for (const size of [...open.keys()].sort((a, b) => a - b)) {
      if (size > checkpointed && size <= now.checkpointed) continue;
      const gone =
        size > checkpointed
          ? `The record once had ${size} entries and has ${checkpointed}: the newest were deleted.`
          : "It is not in the database.";
      this.#report("checkpoint-missing", Math.min(size, checkpointed), "", `A checkpoint of size ${size} was published. ${gone}`);
    }
  }

  #report(kind: ProblemKind, sequence: number, entryId: string, message: string): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push({ kind, tenantId: this.#tenantId, sequence, entryId, message });
  }
}

async function nextOf(checkpoints: AsyncIterator<TrailCheckpoint>): Promise<TrailCheckpoint | undefined> {
  const step = await checkpoints.next();
  return step.done === true ? undefined : step.value;
}
