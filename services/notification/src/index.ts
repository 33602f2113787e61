import { join } from "node:path";
import { parseDuration, systemClock } from "@plinth/kernel/base";
import { defineService } from "@plinth/kernel/service";
import { SessionCreatedSchema, SessionReuseDetectedSchema } from "@plinth/proto/auth/v1/events_pb";
import {
  UserCreatedSchema,
  UserDeletedSchema,
  UserEmailVerifiedSchema,
  UserPasswordChangedSchema,
  UserUpdatedSchema,
} from "@plinth/proto/identity/v1/events_pb";
import { InboxChangedSchema } from "@plinth/proto/notification/v1/events_pb";
import { NotificationService } from "@plinth/proto/notification/v1/notification_pb";
import { OrderCanceledSchema, OrderCreatedSchema, OrderPaidSchema, OrderRefundedSchema } from "@plinth/proto/order/v1/events_pb";
import { ShipmentDeliveredSchema, ShipmentShippedSchema } from "@plinth/proto/shipping/v1/events_pb";
import { inAppChannel } from "./channels/in-app.ts";
import { smtpChannel } from "./channels/smtp.ts";
import { webhookChannel } from "./channels/webhook.ts";
import { showSecret, webhookSecret } from "./channels/webhook-secret.ts";
import { type NotificationConfig, retryRules, sendingRules, signingKeyOf, webhookSettings } from "./config.ts";
import { accountMailer } from "./domain/account-mail.ts";
import { createInboxStreams } from "./domain/inbox-streams.ts";
import { orderMailer } from "./domain/order-mail.ts";
import { type DeliverJob, deliverer } from "./jobs/deliver.ts";
import { deliveryHandlers } from "./rpc/delivery-handlers.ts";
import { inboxHandlers } from "./rpc/inbox-handlers.ts";
import { messageHandlers } from "./rpc/message-handlers.ts";
import { preferenceHandlers } from "./rpc/preference-handlers.ts";
import { templateHandlers } from "./rpc/template-handlers.ts";
import { sinkSwitch } from "./sink/sink-switch.ts";
import { attemptStore } from "./store/attempt-store.ts";
import { DeliveryEntity, InboxEntity } from "./store/entities.ts";
import { DELIVER_JOB } from "./store/insert-delivery.ts";
import { Retention } from "./store/retention.ts";
import { sinkMailStore } from "./store/sink-mail-store.ts";
import { postgresStorage, storesIn } from "./store/stores.ts";
import { onOrderCanceled } from "./subscribers/on-order-canceled.ts";
import { onOrderCreated } from "./subscribers/on-order-created.ts";
import { onOrderPaid } from "./subscribers/on-order-paid.ts";
import { onOrderRefunded } from "./subscribers/on-order-refunded.ts";
import { onSessionCreated } from "./subscribers/on-session-created.ts";
import { onSessionReuseDetected } from "./subscribers/on-session-reuse-detected.ts";
import { onShipmentDelivered } from "./subscribers/on-shipment-delivered.ts";
import { onShipmentShipped } from "./subscribers/on-shipment-shipped.ts";
import { onUserCreated } from "./subscribers/on-user-created.ts";
import { onUserDeleted } from "./subscribers/on-user-deleted.ts";
import { onUserEmailVerified } from "./subscribers/on-user-email-verified.ts";
import { onUserPasswordChanged } from "./subscribers/on-user-password-changed.ts";
import { onUserUpdated } from "./subscribers/on-user-updated.ts";
import { loadTemplates } from "./templates/load-templates.ts";

export default defineService<NotificationConfig>(
  import.meta.url,
  async (service) => {
    const { database, logger, config } = service;
    const rules = () => sendingRules(config.value);
    const templates = database.remember();
    const stores = storesIn(await loadTemplates(join(import.meta.dirname, "../templates")), service, templates);
    const storage = postgresStorage(database, stores, templates);

    const sink = sinkSwitch(
      config.value.sink,
      sinkMailStore(database, () => config.value.sink.keep),
      logger,
    );
    const email = smtpChannel(() => sink.settings(config.value.smtp));
    const webhook = webhookChannel(() => webhookSettings(config.value));
    const channels = { email: email.deliver, webhook: webhook.deliver, "in-app": inAppChannel(storage) };
    service.job<DeliverJob>(
      DELIVER_JOB,
      deliverer(attemptStore(database, service), channels, () => retryRules(config.value), logger),
    );

    const streams = createInboxStreams(systemClock);
    const secretOf = (tenantId: string, origin: string) => showSecret(webhookSecret(signingKeyOf(config.value.webhook), tenantId, origin));
    service.rpc(NotificationService, {
      ...messageHandlers(storage, rules),
      ...templateHandlers(storage),
      ...preferenceHandlers(storage),
      ...deliveryHandlers(storage, secretOf, () => config.value.webhook.allowPrivate),
      ...inboxHandlers(storage, streams),
    });
    service.listen(InboxChangedSchema, ({ userId, messageId }, { tenantId }) => streams.changed(tenantId, userId, messageId));

    const mail = accountMailer(rules, () => new Date());
    service.subscribe(UserCreatedSchema, onUserCreated(stores));
    service.subscribe(UserUpdatedSchema, onUserUpdated(stores));
    service.subscribe(UserDeletedSchema, onUserDeleted(stores));
    service.subscribe(UserEmailVerifiedSchema, onUserEmailVerified(stores, mail));
    service.subscribe(UserPasswordChangedSchema, onUserPasswordChanged(stores, mail));
    service.subscribe(SessionCreatedSchema, onSessionCreated(stores, mail));
    service.subscribe(SessionReuseDetectedSchema, onSessionReuseDetected(stores, mail));

    const orderMail = orderMailer(rules, () => new Date());
    service.subscribe(OrderCreatedSchema, onOrderCreated(stores, orderMail));
    service.subscribe(OrderPaidSchema, onOrderPaid(stores, orderMail));
    service.subscribe(OrderCanceledSchema, onOrderCanceled(stores, orderMail));
    service.subscribe(OrderRefundedSchema, onOrderRefunded(stores, orderMail));
    service.subscribe(ShipmentShippedSchema, onShipmentShipped(stores, orderMail));
    service.subscribe(ShipmentDeliveredSchema, onShipmentDelivered(stores, orderMail));

    const retention = new Retention(database, service);
    service.cron("remove-old-content", "23 * * * *", () => retention.removeOld(parseDuration(config.value.keepContent), new Date()));
    service.cron("queue-forgotten-deliveries", "43 * * * *", () => retention.queueForgotten(new Date()));

    service.onStart("mail sink", () => sink.start());
    service.onStop("mail sink", () => sink.close());
    service.onStop("webhooks", () => webhook.close());
    service.onStop("mail connections", () => email.close());
    service.onDrain("inbox streams", () => streams.close());
  },
  { entities: [DeliveryEntity, InboxEntity] },
);
