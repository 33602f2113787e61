import { type UserIdentity, unauthorized } from "@plinth/kernel/base";
import type { CallContext } from "@plinth/kernel/rpc";
import { type Client, clientOf } from "../domain/client.ts";
import type { RevokedSessions } from "../domain/revoked-sessions.ts";

/** The end user of the call, by an access token whose session is not over. */
export function actingUser(context: CallContext, revoked: RevokedSessions): UserIdentity {
  if (context.user === undefined) throw unauthorized("Sign in first.", { reason: "MISSING_TOKEN" });
  if (revoked.has(context.user.sessionId)) throw sessionOver();
  return context.user;
}

export function clientOfCall(context: CallContext): Client {
  return clientOf(context.clientAddress, context.userAgent);
}

export function sessionOver() {
  return unauthorized("The session of this token is over. Sign in again.", { reason: "SESSION_REVOKED" });
}
