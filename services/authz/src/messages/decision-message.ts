import type { MessageInitShape } from "@bufbuild/protobuf";
import { type DecisionStepSchema, DecisionStep_Kind as Kind, DecisionStep_Result as Result } from "@plinth/proto/authz/v1/authz_pb";
import type { DecisionStep } from "../domain/decide.ts";

const KIND: Record<DecisionStep["kind"], Kind> = { role: Kind.ROLE, policy: Kind.POLICY, default: Kind.DEFAULT };
const RESULT: Record<DecisionStep["result"], Result> = {
  allow: Result.ALLOW,
  deny: Result.DENY,
  "no-match": Result.NO_MATCH,
  error: Result.ERROR,
};

export function stepMessage(step: DecisionStep): MessageInitShape<typeof DecisionStepSchema> {
  return { ...step, kind: KIND[step.kind], result: RESULT[step.result] };
}
