import { timestampDate, timestampNow } from "@bufbuild/protobuf/wkt";
import type { Transaction } from "@plinth/kernel/database";
import type { EventHandler } from "@plinth/kernel/events";
import type { SessionReuseDetectedSchema } from "@plinth/proto/auth/v1/events_pb";
import { type SendAccountMail, tellTime } from "../domain/account-mail.ts";
import type { Stores } from "../domain/ports.ts";

/** Warns the user: somebody may have stolen a session. */
export function onSessionReuseDetected(
  stores: (tx: Transaction) => Stores,
  send: SendAccountMail,
): EventHandler<typeof SessionReuseDetectedSchema> {
  return async ({ userId, email, ipAddress, userAgent, detectedAt }, tx, { eventId }) => {
    const time = tellTime(timestampDate(detectedAt ?? timestampNow()));
    const variables = { ip_address: ipAddress, user_agent: userAgent, time };
    await send(stores(tx), { template: "session-reuse", userId, email, variables, eventId });
  };
}
