import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CheckpointSchema } from "@plinth/proto/audit/v1/audit_pb";
import { type Checkpoint, noteOf, originOf } from "../domain/checkpoint.ts";
import type { KnownKeys } from "../domain/signing-key.ts";
import { timestampOf } from "./timestamp-text.ts";

export function checkpointMessage(checkpoint: Checkpoint, keys: KnownKeys): MessageInitShape<typeof CheckpointSchema> {
  const { tenantId, size, root, signedAt, previous, keyId, signature } = checkpoint;
  return {
    origin: originOf(tenantId),
    treeSize: BigInt(size),
    rootHash: new Uint8Array(root),
    signedAt: timestampOf(signedAt),
    keyId,
    signature: new Uint8Array(signature),
    note: noteOf(checkpoint),
    publicKey: new Uint8Array(keys.find(keyId) ?? []),
    previousHash: new Uint8Array(previous),
  };
}
