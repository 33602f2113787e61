import type { Transaction } from "@plinth/kernel/database";
import type { EventHandler } from "@plinth/kernel/events";
import type { UserDeletedSchema } from "@plinth/proto/identity/v1/events_pb";
import type { Stores } from "../domain/ports.ts";

/** Forgets the user; what waited to be sent is not sent any more. */
export function onUserDeleted(stores: (tx: Transaction) => Stores): EventHandler<typeof UserDeletedSchema> {
  return ({ userId }, tx) => stores(tx).contacts.forgetUser(userId);
}
