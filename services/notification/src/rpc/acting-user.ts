import { type UserIdentity, unauthorized } from "@plinth/kernel/base";
import type { CallContext } from "@plinth/kernel/rpc";

/** The end user of the call, by the verified access token. */
export function actingUser(context: CallContext): UserIdentity {
  if (!context.user) throw unauthorized("Sign in first.", { reason: "MISSING_TOKEN" });
  return context.user;
}
