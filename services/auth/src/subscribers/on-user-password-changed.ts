import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { EventHandler } from "@plinth/kernel/service";
import type { UserPasswordChangedSchema } from "@plinth/proto/identity/v1/events_pb";
import type { SessionEnder } from "./session-ender.ts";

/** Sessions that the old password opened end, but for the one in which it was changed. */
export function onUserPasswordChanged(sessions: SessionEnder): EventHandler<typeof UserPasswordChangedSchema> {
  return ({ userId, keptSessionId, changedAt }, tx) =>
    sessions.endBefore(tx, userId, changedAt ? timestampDate(changedAt) : new Date(), "password-changed", keptSessionId);
}
