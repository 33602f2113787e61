import { parseDuration } from "@plinth/kernel/base";
import { defineService } from "@plinth/kernel/service";
import { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import { CustomerService } from "@plinth/proto/customer/v1/customer_pb";
import { InventoryService } from "@plinth/proto/inventory/v1/inventory_pb";
import { CartService } from "@plinth/proto/order/v1/cart_pb";
import { OrderService } from "@plinth/proto/order/v1/order_pb";
import {
  PaymentAuthorizedSchema,
  PaymentCapturedSchema,
  PaymentFailedSchema,
  PaymentRefundedSchema,
  PaymentRefundFailedSchema,
  PaymentVoidedSchema,
} from "@plinth/proto/payment/v1/events_pb";
import { PaymentService } from "@plinth/proto/payment/v1/payment_pb";
import { PricingService } from "@plinth/proto/pricing/v1/pricing_pb";
import {
  OrderShipmentsCanceledSchema,
  ShipmentDeliveredSchema,
  ShipmentFailedSchema,
  ShipmentShippedSchema,
} from "@plinth/proto/shipping/v1/events_pb";
import { ShippingService } from "@plinth/proto/shipping/v1/shipping_pb";
import { type CapturePolicy, capturesAtOnce, capturesOnShipment } from "./domain/capture-policy.ts";
import type { CartLimits } from "./domain/cart.ts";
import { newOrderNumber, placeOrder } from "./domain/place-order.ts";
import { refundOfCanceled, settleRefund } from "./domain/refund.ts";
import { cartPrices } from "./neighbours/cart-prices.ts";
import { stopShipments } from "./neighbours/shipments.ts";
import { cancellationSaga } from "./processes/cancellation.ts";
import { checkoutSaga, knowsAuthorized } from "./processes/checkout.ts";
import { checkoutDesk } from "./processes/checkout-desk.ts";
import { keptGoods, type OrderActs, orderActs } from "./processes/order-acts.ts";
import { refundSaga } from "./processes/refund.ts";
import { definiteNo } from "./processes/tries.ts";
import { cartHandlers } from "./rpc/cart-handlers.ts";
import { checkoutHandlers } from "./rpc/checkout-handlers.ts";
import { orderAccess } from "./rpc/order-access.ts";
import { orderHandlers } from "./rpc/order-handlers.ts";
import { timelineHandlers } from "./rpc/timeline-handlers.ts";
import { PostgresCartStore } from "./store/cart-store.ts";
import { PostgresCheckoutStore } from "./store/checkout-store.ts";
import { OrderEvents } from "./store/order-events.ts";
import { PostgresOrderStore } from "./store/order-store.ts";
import { onOrderShipmentsCanceled } from "./subscribers/on-order-shipments-canceled.ts";
import { onPaymentAuthorized } from "./subscribers/on-payment-authorized.ts";
import { onPaymentCaptured } from "./subscribers/on-payment-captured.ts";
import { onPaymentFailed } from "./subscribers/on-payment-failed.ts";
import { onPaymentRefundFailed } from "./subscribers/on-payment-refund-failed.ts";
import { onPaymentRefunded } from "./subscribers/on-payment-refunded.ts";
import { onPaymentVoided } from "./subscribers/on-payment-voided.ts";
import { onShipmentDelivered } from "./subscribers/on-shipment-delivered.ts";
import { onShipmentFailed } from "./subscribers/on-shipment-failed.ts";
import { onShipmentShipped } from "./subscribers/on-shipment-shipped.ts";
import type { RecordNews, WakeCheckout } from "./subscribers/record.ts";

interface OrderConfig {
  /** `life` is a duration: `30d`. */
  readonly carts: CartLimits & { readonly life: string };
  /** Durations. */
  readonly checkout: { readonly answerWithin: string; readonly customerTime: string; readonly reservation: string };
  readonly capture: CapturePolicy;
}

export default defineService<OrderConfig>(import.meta.url, (service) => {
  const config = () => service.config.value;
  const waitMs = () => parseDuration(config().checkout.answerWithin);
  const lifeMs = () => parseDuration(config().carts.life);

  const inventory = service.client("inventory", InventoryService);
  const payments = service.client("payment", PaymentService);
  const customers = service.client("customer", CustomerService);
  const shipping = service.client("shipping", ShippingService);
  const prices = cartPrices(service.client("pricing", PricingService), shipping);

  const carts = new PostgresCartStore(service.database, () => ({ limits: config().carts, lifeMs: lifeMs() }));
  const attempts = new PostgresCheckoutStore(service.database);
  const orders = new PostgresOrderStore(service.database, new OrderEvents(service, (order) => capturesOnShipment(config().capture, order)));

  const checkouts = service.saga(
    checkoutSaga({
      prices,
      inventory,
      payments,
      place(tx, note, draft, payment) {
        const made = { tenantId: tx.tenantId, number: newOrderNumber(), now: new Date() };
        return orders.place(tx, note, draft.cartId, placeOrder(draft, payment, made));
      },
      reopenCart: (tx, orderId, options) => attempts.reopen(tx, orderId, options),
      async giveUp(orderId, reason) {
        try {
          await acts.cancel(orderId, reason);
        } catch (error) {
          // It was shipped, so the goods were there after all.
          definiteNo(error);
        }
      },
      capturesAtOnce: (provider) => capturesAtOnce(config().capture, provider),
      limits: {
        customerMs: parseDuration(config().checkout.customerTime),
        reservationSeconds: parseDuration(config().checkout.reservation) / 1000,
      },
    }),
  );
  const cancellations = service.saga(
    cancellationSaga({
      inventory,
      payments,
      async isAtRest(orderId) {
        const [checkout, order] = await Promise.all([checkouts.find(orderId), orders.findOrder(orderId)]);
        // One that ended long ago has been removed.
        const isUnderWay = checkout !== undefined && checkout.finishedAt === undefined;
        return !isUnderWay && !order?.refunds.some(({ status }) => status === "pending");
      },
      async goodsOf(orderId) {
        const order = await orders.findOrder(orderId);
        return order === undefined ? [] : keptGoods(order);
      },
      async noteRefund(tx, orderId, refundId, refunded) {
        await orders.changeIn(tx, orderId, (order) => refundOfCanceled(order, refundId, refunded, new Date()));
      },
    }),
  );
  const refunds = service.saga(
    refundSaga({
      inventory,
      payments,
      async settle(tx, orderId, refundId, refusal) {
        await orders.changeIn(tx, orderId, (order) => settleRefund(order, refundId, refusal));
      },
    }),
  );
  const desk = checkoutDesk({
    attempts,
    recall: (tenantId, id, userId) => carts.recall(tenantId, id, userId),
    claim: (tx, attempt) => attempts.claim(tx, attempt),
    claimSeen: (tx, attempt, version, start) => attempts.claimSeen(tx, attempt, version, start),
    checkouts,
    waitMs,
  });
  const acts: OrderActs = orderActs({
    change: (id, decide, then) => orders.change(id, decide, then),
    changeIn: (tx, id, decide) => orders.changeIn(tx, id, decide),
    stopShipments: (orderId, reason) => stopShipments(shipping, orderId, reason),
    findOrder: (id) => orders.findOrder(id),
    cancellations,
    refunds,
    waitMs,
  });
  const access = orderAccess(orders, service.client("authz", AuthzService));

  service.rpc(CartService, cartHandlers({ carts, prices, customers, lifeMs }));
  service.rpc(
    OrderService,
    {
      ...checkoutHandlers(desk, attempts, orders, access),
      ...orderHandlers(orders, acts, access),
      ...timelineHandlers({ orders, payments, checkouts, cancellations, refunds }),
    },
    { ownKeys: ["placeOrder", "refundOrder"] },
  );

  const record: RecordNews = (tx, orderId, decide) => orders.changeIn(tx, orderId, decide);
  const wake: WakeCheckout = (tx, orderId) => checkouts.wake(tx, orderId);
  service.subscribe(PaymentAuthorizedSchema, onPaymentAuthorized(record, wake), {
    // Mostly the checkout asked for it, and has its answer long since.
    async isNeeded({ reference, authorized }) {
      const checkout = await checkouts.find(reference);
      return checkout === undefined || !knowsAuthorized(checkout, authorized?.amount ?? 0n);
    },
  });
  service.subscribe(PaymentFailedSchema, onPaymentFailed(record, wake));
  service.subscribe(PaymentCapturedSchema, onPaymentCaptured(record));
  service.subscribe(PaymentRefundedSchema, onPaymentRefunded(record));
  service.subscribe(PaymentRefundFailedSchema, onPaymentRefundFailed(record));
  service.subscribe(PaymentVoidedSchema, onPaymentVoided(record));
  service.subscribe(
    ShipmentShippedSchema,
    onShipmentShipped(record, async (tx, order) => {
      if (capturesOnShipment(config().capture, order)) await service.enqueue(tx, "capture", { orderId: order.id }, { uniqueKey: order.id });
    }),
  );
  service.subscribe(ShipmentDeliveredSchema, onShipmentDelivered(record));
  service.subscribe(ShipmentFailedSchema, onShipmentFailed(record));
  service.subscribe(
    OrderShipmentsCanceledSchema,
    onOrderShipmentsCanceled((tx, orderId, reason) => acts.cancelStopped(tx, orderId, reason)),
  );

  service.job<{ orderId: string }>("capture", async ({ orderId }) => {
    await payments.capture({ reference: orderId, final: true }, { idempotencyKey: `${orderId}:capture` });
  });
  service.cron("forget-keys", "37 * * * *", async () => {
    await attempts.forgetKeys();
  });
  service.cron("remove-expired-carts", "17 * * * *", async () => {
    await carts.removeExpired();
  });
});
