import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { EventHandler } from "@plinth/kernel/events";
import type { UserDeletedSchema } from "@plinth/proto/identity/v1/events_pb";
import type { PostgresCustomerStore } from "../store/customer-store.ts";

/** Whoever deletes their account leaves nothing personal here. */
export function onUserDeleted(customers: Pick<PostgresCustomerStore, "eraseOfUser">): EventHandler<typeof UserDeletedSchema> {
  return ({ userId, deletedAt }, tx) => customers.eraseOfUser(tx, userId, deletedAt ? timestampDate(deletedAt) : new Date());
}
