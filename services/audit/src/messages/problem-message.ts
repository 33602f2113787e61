import type { MessageInitShape } from "@bufbuild/protobuf";
import { VerifyProblem_Kind as Kind, type VerifyProblemSchema } from "@plinth/proto/audit/v1/audit_pb";
import type { Problem, ProblemKind } from "../domain/problem.ts";

const KINDS: Record<ProblemKind, Kind> = {
  "entry-changed": Kind.ENTRY_CHANGED,
  "entry-missing": Kind.ENTRY_MISSING,
  "entry-unsealed": Kind.ENTRY_UNSEALED,
  "leaf-changed": Kind.LEAF_CHANGED,
  "root-mismatch": Kind.ROOT_MISMATCH,
  "signature-invalid": Kind.SIGNATURE_INVALID,
  "checkpoint-missing": Kind.CHECKPOINT_MISSING,
  "node-changed": Kind.NODE_CHANGED,
};

export function problemMessage({ kind, sequence, entryId, message }: Problem): MessageInitShape<typeof VerifyProblemSchema> {
  return { kind: KINDS[kind], message, entryId, ...(sequence === -1 ? {} : { sequence: BigInt(sequence) }) };
}
