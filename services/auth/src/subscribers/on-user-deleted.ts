import type { EventHandler } from "@plinth/kernel/service";
import type { UserDeletedSchema } from "@plinth/proto/identity/v1/events_pb";
import type { SessionEnder } from "./session-ender.ts";

/** The account is gone for good, so all its sessions end, whenever they began. */
export function onUserDeleted(sessions: SessionEnder): EventHandler<typeof UserDeletedSchema> {
  return async ({ userId }, tx) => {
    await sessions.endBefore(tx, userId, new Date(), "user-removed");
    await sessions.forgetUser(tx, userId);
  };
}
