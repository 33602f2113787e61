import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Transaction } from "@plinth/kernel/database";
import type { EventHandler } from "@plinth/kernel/events";
import type { UserDeletedSchema } from "@plinth/proto/identity/v1/events_pb";

/** Whoever deletes their account leaves nothing personal here. */
export function onUserDeleted(
  eraseOfUser: (tx: Transaction, userId: string, at: Date) => Promise<void>,
): EventHandler<typeof UserDeletedSchema> {
  return ({ userId, deletedAt }, tx) => eraseOfUser(tx, userId, deletedAt ? timestampDate(deletedAt) : new Date());
}
