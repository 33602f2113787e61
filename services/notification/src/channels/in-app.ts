import { idFromUuid, splitId } from "@plinth/kernel/base";
import type { Deliver } from "../domain/attempt.ts";
import type { Storage } from "../domain/ports.ts";

/** Puts a message into the user's inbox; a repetition finds it there. */
export function inAppChannel(storage: Storage): Deliver {
  return async ({ delivery, content }) => {
    const { tenantId, userId, category } = delivery;
    const id = idFromUuid("inbox", splitId(delivery.id).uuid);
    const { subject, text, data = null } = content;
    const message = { id, tenantId, userId, category, subject, text, data, createdAt: new Date(), readAt: null };
    await storage.transaction(({ inbox }) => inbox.insert(message));
    return id;
  };
}
