import { timestampDate, timestampNow } from "@bufbuild/protobuf/wkt";
import type { Transaction } from "@plinth/kernel/database";
import type { EventHandler } from "@plinth/kernel/events";
import { UserPasswordChanged_Cause, type UserPasswordChangedSchema } from "@plinth/proto/identity/v1/events_pb";
import { type SendAccountMail, tellTime } from "../domain/account-mail.ts";
import type { Stores } from "../domain/ports.ts";

/** Tells the user, who may not have been the one who did it. */
export function onUserPasswordChanged(
  stores: (tx: Transaction) => Stores,
  send: SendAccountMail,
): EventHandler<typeof UserPasswordChangedSchema> {
  return async ({ userId, cause, changedAt }, tx, { eventId }) => {
    const reset = cause === UserPasswordChanged_Cause.RESET;
    const variables = { reset, time: tellTime(timestampDate(changedAt ?? timestampNow())) };
    await send(stores(tx), { template: "password-changed", userId, email: "", variables, eventId });
  };
}
