import type { Handlers } from "@plinth/kernel/rpc";
import type { NotificationService } from "@plinth/proto/notification/v1/notification_pb";
import type { Storage } from "../domain/ports.ts";
import { deliveryNotFound, redeliver } from "../domain/send.ts";
import { checkWebhookUrl } from "../domain/webhook-url.ts";
import { deliveryMessage } from "../messages/delivery-message.ts";
import { findChannel, findStatus } from "../messages/enums.ts";
import { pageOf } from "./page-of.ts";

type DeliveryHandlers = Pick<
  Handlers<typeof NotificationService>,
  "listDeliveries" | "getDelivery" | "redeliverDelivery" | "getWebhookSecret"
>;

/** The key that signs webhooks of a tenant to an origin. */
export type WebhookSecretOf = (tenantId: string, origin: string) => string;

export function deliveryHandlers(storage: Storage, secretOf: WebhookSecretOf, allowPrivateWebhooks: () => boolean): DeliveryHandlers {
  return {
    async listDeliveries(request) {
      const { userId, template } = request;
      const filter = { userId, template, status: findStatus(request.status), channel: findChannel(request.channel) };
      const { items, nextPageToken } = await storage.read(({ deliveries }) => deliveries.listDeliveries(filter, pageOf(request)));
      return { deliveries: items.map(deliveryMessage), nextPageToken };
    },

    async getDelivery({ id }) {
      const delivery = await storage.read(({ deliveries }) => deliveries.findDelivery(id));
      if (delivery === undefined) throw deliveryNotFound(id);
      return deliveryMessage(delivery);
    },

    async redeliverDelivery({ id }) {
      return deliveryMessage(await storage.transaction((stores) => redeliver(stores, id, new Date())));
    },

    getWebhookSecret({ url }, { tenantId }) {
      const { origin } = checkWebhookUrl(url, allowPrivateWebhooks(), "url");
      return { origin, secret: secretOf(tenantId, origin) };
    },
  };
}
