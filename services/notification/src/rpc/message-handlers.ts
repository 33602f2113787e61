import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { validation } from "@plinth/kernel/base";
import type { CallContext, Handlers } from "@plinth/kernel/rpc";
import type { NotificationService, RecipientSchema, SendResponseSchema } from "@plinth/proto/notification/v1/notification_pb";
import type { SendingRules, Storage } from "../domain/ports.ts";
import type { Recipient } from "../domain/recipient.ts";
import { type Sent, sendTemplate, sendText } from "../domain/send.ts";
import { deliveryMessage } from "../messages/delivery-message.ts";
import { channelOf } from "../messages/enums.ts";

type MessageHandlers = Pick<Handlers<typeof NotificationService>, "send" | "sendTemplate">;

export function messageHandlers(storage: Storage, rules: () => SendingRules): MessageHandlers {
  return {
    async send(request, context) {
      const { subject, text, html, category } = request;
      const order = {
        channel: channelOf(request.channel),
        recipient: recipientOf(request.recipient),
        category,
        content: { subject, text, html, data: bounded(request.data, "data") },
        dedupeKey: ownKey(request.dedupeKey, context),
      };
      return sentMessage(await storage.transaction((stores) => sendText(stores, rules(), order, new Date())));
    },

    async sendTemplate(request, context) {
      const order = {
        template: request.template,
        recipient: recipientOf(request.recipient),
        variables: bounded(request.variables, "variables") ?? {},
        channels: request.channels.map(channelOf),
        dedupeKey: ownKey(request.dedupeKey, context),
      };
      return sentMessage(await storage.transaction((stores) => sendTemplate(stores, rules(), order, new Date())));
    },
  };
}

/** As module.yaml's `variables` and `data` say; the limit of the body alone would let 4 MiB pass between modules. */
const MAX_STRUCT = 64 * 1024;

/** Throws VALIDATION_ERROR for more than 64 KiB. */
export function bounded<T extends object>(value: T | undefined, field: string): T | undefined {
  if (value === undefined || Buffer.byteLength(JSON.stringify(value)) <= MAX_STRUCT) return value;
  throw validation({ [field]: `must be at most ${MAX_STRUCT} bytes of JSON` });
}

function recipientOf(message: MessageShape<typeof RecipientSchema> | undefined): Recipient {
  const { userId = "", email = "", webhookUrl = "", locale = "" } = message ?? {};
  return { userId, email, webhookUrl, locale };
}

/** Callers do not know each other's keys, so the same one may mean different things. */
function ownKey(key: string, { caller, user }: CallContext): string {
  return key === "" ? "" : `${user?.id ?? caller ?? ""} ${key}`;
}

function sentMessage({ deliveries, duplicate }: Sent): MessageInitShape<typeof SendResponseSchema> {
  return { deliveries: deliveries.map(deliveryMessage), duplicate };
}
