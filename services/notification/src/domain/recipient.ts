import { validation } from "@plinth/kernel/base";
import type { ServedChannel } from "./channel.ts";
import type { Contact } from "./contact.ts";
import { checkWebhookUrl } from "./webhook-url.ts";

/** Who gets a message, as the caller says it; what is empty is filled from what is known about the user. */
export interface Recipient {
  readonly userId: string;
  readonly email: string;
  readonly webhookUrl: string;
  readonly locale: string;
}

/** What a channel needs to reach somebody. */
const FIELD_OF: Record<ServedChannel, string> = {
  email: "recipient.email",
  webhook: "recipient.webhook_url",
  "in-app": "recipient.user_id",
};

/** Where a channel reaches the recipient; undefined where it does not. */
export function findDestination(channel: ServedChannel, recipient: Recipient, contact: Contact | undefined): string | undefined {
  const destination = {
    email: recipient.email || contact?.email || "",
    webhook: recipient.webhookUrl,
    "in-app": recipient.userId,
  }[channel];
  return destination === "" ? undefined : destination;
}

/** Throws VALIDATION_ERROR that names the field which the channel lacks. */
export function getDestination(
  channel: ServedChannel,
  recipient: Recipient,
  contact: Contact | undefined,
  allowPrivateWebhooks: boolean,
): string {
  const destination = findDestination(channel, recipient, contact);
  if (destination === undefined)
    throw validation({ [FIELD_OF[channel]]: `is needed for the channel ${channel}, and not known for the user` });
  if (channel === "webhook") checkWebhookUrl(destination, allowPrivateWebhooks);
  return destination;
}

/** How destinations are compared. */
export function recipientKey(channel: ServedChannel, destination: string): string {
  return channel === "email" ? destination.normalize("NFKC").toLowerCase() : destination;
}

/** A destination as the delivery log shows it: enough to recognise it, too little to use it. */
export function maskDestination(channel: ServedChannel, destination: string): string {
  if (channel === "in-app" || destination === "") return destination;
  if (channel === "webhook") {
    const { origin } = new URL(destination);
    return `${origin}/…`;
  }
  const at = destination.lastIndexOf("@");
  return `${destination.slice(0, 1)}…${destination.slice(at)}`;
}
