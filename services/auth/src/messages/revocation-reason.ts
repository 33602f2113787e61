import { RevocationReason as Message } from "@plinth/proto/auth/v1/events_pb";
import type { RevocationReason } from "../domain/session.ts";

/** Why a session ended, on the wire. */
export const REVOCATION_REASON: Record<RevocationReason, Message> = {
  logout: Message.LOGOUT,
  revoked: Message.REVOKED,
  "password-changed": Message.PASSWORD_CHANGED,
  "user-removed": Message.USER_REMOVED,
  "reuse-detected": Message.REUSE_DETECTED,
};
