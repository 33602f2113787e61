import { badRequest, conflict, notFound } from "@plinth/kernel/base";
import type { Handlers } from "@plinth/kernel/rpc";
import type { AuditService } from "@plinth/proto/audit/v1/audit_pb";
import { canonicalEntry } from "../domain/canonical-entry.ts";
import { consistencyProof, inclusionProof } from "../domain/merkle-proof.ts";
import type { KnownKeys } from "../domain/signing-key.ts";
import type { Trail, TrailCheckpoint } from "../domain/trail.ts";
import type { TreeStore } from "../domain/tree-store.ts";
import { verifyTenant } from "../domain/verify-tenant.ts";
import type { Witnesses } from "../domain/witnesses.ts";
import { checkpointMessage } from "../messages/checkpoint-message.ts";
import { problemMessage } from "../messages/problem-message.ts";
import type { ReadTenant } from "./read-tenant.ts";

type TreeHandlers = Pick<Handlers<typeof AuditService>, "verify" | "getCheckpoint" | "inclusionProof" | "consistencyProof">;

export interface TreeParts {
  readonly tree: TreeStore;
  readonly trail: Trail;
  readonly keys: KnownKeys;
  /** Checkpoints kept outside the database, where there are any. */
  readonly witnesses: () => Promise<Witnesses | undefined>;
  readonly tenantOf: ReadTenant;
}

export function treeHandlers({ tree, trail, keys, witnesses, tenantOf }: TreeParts): TreeHandlers {
  const getCheckpoint = async (tenantId: string, size: bigint): Promise<TrailCheckpoint> => {
    const checkpoint = await tree.findCheckpoint(tenantId, Number(size));
    if (checkpoint !== undefined) return checkpoint;
    const which = size === 0n ? "Nothing is sealed yet" : `There is no checkpoint of size ${size}`;
    throw notFound(`${which}.`, { reason: "CHECKPOINT_NOT_FOUND", metadata: { tree_size: String(size) } });
  };

  return {
    async verify({ fromSequence, toSequence, tenantId: wanted }, context) {
      const tenantId = await tenantOf(wanted, context);
      if (toSequence !== undefined && toSequence < fromSequence) {
        throw badRequest(`to_sequence ${toSequence} is below from_sequence ${fromSequence}; swap them.`);
      }
      const report = await verifyTenant(tenantId, {
        trail,
        keys,
        witnesses: await witnesses(),
        from: Number(fromSequence),
        to: toSequence === undefined ? undefined : Number(toSequence),
      });
      return {
        valid: report.problems.length === 0,
        entriesChecked: BigInt(report.entriesChecked),
        checkpointsChecked: report.checkpointsChecked,
        problems: report.problems.map(problemMessage),
        ...(report.checkpoint && { checkpoint: checkpointMessage(report.checkpoint, keys) }),
      };
    },

    async getCheckpoint({ treeSize, tenantId }, context) {
      return checkpointMessage(await getCheckpoint(await tenantOf(tenantId, context), treeSize), keys);
    },

    async inclusionProof({ entryId, treeSize, tenantId: wanted }, context) {
      const tenantId = await tenantOf(wanted, context);
      const placed = await tree.findPlaced(tenantId, entryId);
      if (placed === undefined)
        throw notFound(`There is no entry ${entryId}.`, { reason: "ENTRY_NOT_FOUND", metadata: { entry_id: entryId } });
      const { entry, sequence } = placed;
      if (sequence === undefined) throw notSealed(entryId);
      const checkpoint = await getCheckpoint(tenantId, treeSize);
      if (sequence >= checkpoint.size) throw notSealed(entryId);
      const hashes = await inclusionProof(sequence, checkpoint.size, tree.subtrees(tenantId));
      return {
        sequence: BigInt(sequence),
        leaf: new Uint8Array(canonicalEntry(entry, sequence)),
        hashes: hashes.map((hash) => new Uint8Array(hash)),
        checkpoint: checkpointMessage(checkpoint, keys),
      };
    },

    async consistencyProof({ firstSize, secondSize, tenantId: wanted }, context) {
      const tenantId = await tenantOf(wanted, context);
      const second = await getCheckpoint(tenantId, secondSize);
      if (firstSize > second.size) {
        throw badRequest(`first_size ${firstSize} is above second_size ${second.size}; name the smaller tree first.`);
      }
      const first = await getCheckpoint(tenantId, firstSize);
      const hashes = await consistencyProof(first.size, second.size, tree.subtrees(tenantId));
      return {
        hashes: hashes.map((hash) => new Uint8Array(hash)),
        first: checkpointMessage(first, keys),
        second: checkpointMessage(second, keys),
      };
    },
  };
}

function notSealed(entryId: string) {
  return conflict(`Entry ${entryId} is younger than the checkpoint. Ask for the newest one, or again in a second.`, {
    reason: "NOT_SEALED",
    metadata: { entry_id: entryId },
    retryAfterSeconds: 1,
  });
}
