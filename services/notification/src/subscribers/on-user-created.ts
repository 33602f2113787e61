import type { Transaction } from "@plinth/kernel/database";
import type { EventHandler } from "@plinth/kernel/events";
import type { UserCreatedSchema } from "@plinth/proto/identity/v1/events_pb";
import type { Stores } from "../domain/ports.ts";

/** Learns how the user is reached. */
export function onUserCreated(stores: (tx: Transaction) => Stores): EventHandler<typeof UserCreatedSchema> {
  return ({ userId, email, firstName, locale }, tx) => stores(tx).contacts.saveContact({ userId, email, firstName, locale });
}
