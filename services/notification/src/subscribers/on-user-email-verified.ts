import type { Transaction } from "@plinth/kernel/database";
import type { EventHandler } from "@plinth/kernel/events";
import type { UserEmailVerifiedSchema } from "@plinth/proto/identity/v1/events_pb";
import type { SendAccountMail } from "../domain/account-mail.ts";
import type { Stores } from "../domain/ports.ts";

/** Welcomes the user, once. */
export function onUserEmailVerified(
  stores: (tx: Transaction) => Stores,
  send: SendAccountMail,
): EventHandler<typeof UserEmailVerifiedSchema> {
  return async ({ userId, email }, tx, { eventId }) => {
    const open = stores(tx);
    if (!(await open.contacts.markWelcomed(userId))) return;
    await send(open, { template: "welcome", userId, email, variables: {}, eventId });
  };
}
