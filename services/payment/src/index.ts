import { parseDuration } from "@plinth/kernel/base";
import { defineService } from "@plinth/kernel/service";
import { PaymentService } from "@plinth/proto/payment/v1/payment_pb";
import type { PaymentPorts } from "./domain/call-provider.ts";
import { createPayments } from "./domain/payments.ts";
import type { PaymentProvider } from "./domain/provider.ts";
import { reconcile, reconcileAll } from "./domain/reconcile.ts";
import { manualProvider } from "./providers/manual-provider.ts";
import { refuseCardNumbers } from "./rpc/card-numbers.ts";
import { paymentHandlers } from "./rpc/payment-handlers.ts";
import { PaymentEvents } from "./store/payment-events.ts";
import { PostgresPaymentStore } from "./store/payment-store.ts";
import { stripeWebhook } from "./webhooks/stripe-webhook.ts";

interface PaymentConfig {
  readonly stripe: { readonly url: string; readonly timeout: string; readonly secretKey?: string; readonly webhookSecret?: string };
  /** Durations: `15s`. */
  readonly recovery: { readonly after: string; readonly every: string };
}

/** Stripe sends an event again for three days. */
const EVENTS_KEPT_MS = 30 * 24 * 3_600_000;
/** Most of what is charged and given back is so within a week. */
const RECONCILED_MS = 7 * 24 * 3_600_000;

export default defineService<PaymentConfig>(import.meta.url, async (service) => {
  const { stripe, recovery } = service.config.value;
  const providers = new Map<string, PaymentProvider>([[manualProvider.name, manualProvider]]);
  if (stripe.secretKey !== undefined) {
    // Its package is large: who does not use it does not load it.
    const { createStripeProvider } = await import("./providers/stripe-provider.ts");
    const options = { url: stripe.url, secretKey: stripe.secretKey, timeoutMs: parseDuration(stripe.timeout) };
    providers.set("stripe", createStripeProvider(options));
  }
  const store = new PostgresPaymentStore(service.database, new PaymentEvents(service));
  const ports: PaymentPorts = {
    store,
    providers,
    now: () => new Date(),
    leaseMs: () => parseDuration(service.config.value.recovery.after),
  };
  const payments = createPayments(ports);

  const handlers = paymentHandlers(payments, store, (...asked) => reconcile(ports, ...asked));
  service.rpc(PaymentService, handlers, { check: refuseCardNumbers, ownKeys: ["capture", "refund"] });
  service.http(
    "post",
    "/api/v1/payment/webhooks/stripe",
    stripeWebhook(ports, () => service.config.value.stripe.webhookSecret),
  );
  service.cron("reconcile", "47 4 * * *", () => reconcileAll(ports, new Date(Date.now() - RECONCILED_MS)));
  service.cron("forget-events", "23 3 * * *", () => store.removeEventsBefore(new Date(Date.now() - EVENTS_KEPT_MS)));

  let timer: NodeJS.Timeout | undefined;
  const resume = (): void => {
    payments
      .resumeAbandoned()
      .catch((error: unknown) => service.logger.warn("Abandoned payments could not be taken up", { error }))
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
