import { parseDuration } from "@plinth/kernel/base";
import { defineService } from "@plinth/kernel/service";
import { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import { OrderCanceledSchema, OrderCreatedSchema, OrderPaidSchema } from "@plinth/proto/order/v1/events_pb";
import { ShippingService } from "@plinth/proto/shipping/v1/shipping_pb";
import { createEasyPostCarrier } from "./carriers/easypost-carrier.ts";
import { manualCarrier } from "./carriers/manual-carrier.ts";
import type { Carrier } from "./domain/carrier.ts";
import type { EntityDefaults } from "./domain/fulfillment-entity.ts";
import { createShipping } from "./domain/shipping.ts";
import { settingHandlers } from "./rpc/setting-handlers.ts";
import { shipmentAccess } from "./rpc/shipment-access.ts";
import { shipmentHandlers } from "./rpc/shipment-handlers.ts";
import { PostgresEntityStore } from "./store/entity-store.ts";
import { PostgresOptionStore } from "./store/option-store.ts";
import { OrderShipmentStore } from "./store/order-shipment-store.ts";
import { ShipmentEvents } from "./store/shipment-events.ts";
import { PostgresShipmentStore } from "./store/shipment-store.ts";
import { PostgresZoneStore } from "./store/zone-store.ts";
import { onOrderCanceled } from "./subscribers/on-order-canceled.ts";
import { onOrderCreated } from "./subscribers/on-order-created.ts";
import { onOrderPaid } from "./subscribers/on-order-paid.ts";
import { easyPostWebhook } from "./webhooks/easypost-webhook.ts";

interface ShippingConfig {
  readonly easypost: { readonly url: string; readonly timeout: string; readonly apiKey?: string; readonly webhookSecret?: string };
  /** Durations: `15s`. */
  readonly recovery: { readonly after: string; readonly every: string };
  readonly warehouse: EntityDefaults;
}

/** Longer than any carrier sends an event again. */
const EVENTS_KEPT_MS = 30 * 24 * 3_600_000;

export default defineService<ShippingConfig>(import.meta.url, (service) => {
  const { easypost, recovery } = service.config.value;
  const carriers = new Map<string, Carrier>([[manualCarrier.name, manualCarrier]]);
  if (easypost.apiKey !== undefined) {
    const options = { url: easypost.url, apiKey: easypost.apiKey, timeoutMs: parseDuration(easypost.timeout) };
    carriers.set("easypost", createEasyPostCarrier(options));
  }
  const events = new ShipmentEvents(service);
  const store = new PostgresShipmentStore(service.database, events);
  const orders = new OrderShipmentStore(events, () => service.config.value.warehouse);
  const memory = service.database.remember();
  const zones = new PostgresZoneStore(service.database, memory, service);
  const options = new PostgresOptionStore(service.database, memory, service);
  const entities = new PostgresEntityStore(service.database, memory, service);
  const now = () => new Date();
  const shipping = createShipping({ store, carriers, now, leaseMs: () => parseDuration(service.config.value.recovery.after) });
  const access = shipmentAccess(service.client("authz", AuthzService));

  service.rpc(ShippingService, {
    ...settingHandlers({ zones, options, entities }, [...carriers.keys()]),
    ...shipmentHandlers({
      shipping,
      shipments: store,
      options,
      access,
      cancelShipments: (orderId, reason) => service.database.transaction((tx) => orders.cancelShipments(tx, orderId, reason)),
    }),
  });
  service.subscribe(
    OrderCreatedSchema,
    onOrderCreated((tx, order) => orders.orderCreated(tx, order)),
  );
  service.subscribe(
    OrderPaidSchema,
    onOrderPaid((tx, orderId, at) => orders.orderPaid(tx, orderId, at)),
  );
  service.subscribe(
    OrderCanceledSchema,
    onOrderCanceled((tx, orderId, at) => orders.orderCanceled(tx, orderId, at)),
  );
  const secret = () => service.config.value.easypost.webhookSecret;
  service.http("post", "/api/v1/shipping/webhooks/easypost", easyPostWebhook({ store, shipping, now, secret }));
  service.cron("forget-events", "41 3 * * *", () => store.removeEventsBefore(new Date(Date.now() - EVENTS_KEPT_MS)));

  let timer: NodeJS.Timeout | undefined;
  const resume = (): void => {
    shipping
      .resumeAbandoned()
      .catch((error: unknown) => service.logger.warn("Abandoned labels could not be taken up", { error }))
      .finally(() => {
        if (timer !== undefined) timer = setTimeout(resume, parseDuration(recovery.every));
      });
  };
  service.onStart("recovery", () => {
    timer = setTimeout(resume, 0);
  });
  service.onStop("recovery", () => {
    clearTimeout(timer);
    timer = undefined;
  });
});
