import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { EventHandler } from "@plinth/kernel/service";
import type { UserUpdatedSchema } from "@plinth/proto/identity/v1/events_pb";
import type { SessionEnder } from "./session-ender.ts";

/** A blocked user is signed out everywhere; a changed address is in the next access tokens. */
export function onUserUpdated(sessions: SessionEnder): EventHandler<typeof UserUpdatedSchema> {
  return async ({ userId, email, blocked, updatedAt }, tx) => {
    await sessions.changeEmail(tx, userId, email);
    if (blocked) await sessions.endBefore(tx, userId, updatedAt ? timestampDate(updatedAt) : new Date(), "user-removed");
  };
}
