import { timestampDate, timestampNow } from "@bufbuild/protobuf/wkt";
import type { Transaction } from "@plinth/kernel/database";
import type { EventHandler } from "@plinth/kernel/events";
import type { SessionCreatedSchema } from "@plinth/proto/auth/v1/events_pb";
import { type SendAccountMail, tellTime } from "../domain/account-mail.ts";
import type { Stores } from "../domain/ports.ts";

/** Tells the user of a sign-in from a device that is new. */
export function onSessionCreated(stores: (tx: Transaction) => Stores, send: SendAccountMail): EventHandler<typeof SessionCreatedSchema> {
  return async ({ userId, email, newDevice, ipAddress, userAgent, createdAt }, tx, { eventId }) => {
    if (!newDevice) return;
    const time = tellTime(timestampDate(createdAt ?? timestampNow()));
    const variables = { ip_address: ipAddress, user_agent: userAgent, time };
    await send(stores(tx), { template: "new-device", userId, email, variables, eventId });
  };
}
