import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { PolicyEffect as EffectMessage, type PolicySchema } from "@plinth/proto/authz/v1/authz_pb";
import type { Policy, PolicyEffect } from "../domain/policy.ts";
import { formatVersion, type SetVersion } from "../domain/set-version.ts";

/** @param version After a change; absent where the policy was only read. */
export function policyMessage(policy: Policy, version?: SetVersion): MessageInitShape<typeof PolicySchema> {
  const { effect, createdAt, updatedAt, tenantId: _, ...same } = policy;
  return {
    ...same,
    effect: effect === "deny" ? EffectMessage.DENY : EffectMessage.ALLOW,
    createdAt: timestampFromDate(createdAt),
    updatedAt: timestampFromDate(updatedAt),
    setVersion: version === undefined ? "" : formatVersion(version),
  };
}

/** The rules of the proto let nothing else through. */
export function effectOf(message: EffectMessage): PolicyEffect {
  return message === EffectMessage.DENY ? "deny" : "allow";
}
