import Stripe from "stripe";
import type { Authorization, ListedPayment, PaymentProvider, ProviderState } from "../domain/provider.ts";
import { fromStripeAmount, toStripeAmount } from "./stripe-amount.ts";
import { declinedIntent, refusalOf, unlessCanceled } from "./stripe-errors.ts";
import { listRefunds, stateOf } from "./stripe-state.ts";

export interface StripeOptions {
  /** `https://api.stripe.com`, or wherever the simulator is. */
  readonly url: string;
  readonly secretKey: string;
  readonly timeoutMs: number;
}

/** What a payment at Stripe carries of ours. */
export const METADATA = {
  operation: "plinth_operation",
  payment: "plinth_payment",
  tenant: "plinth_tenant",
  reference: "plinth_reference",
} as const;

/** Our clock and Stripe's differ. */
const CLOCK_SLACK_SECONDS = 300;
const LISTED_AT_ONCE = 100;

/** Payments by Stripe: cards and whatever else a payment method's token stands for, captured later. */
export function createStripeProvider(options: StripeOptions): PaymentProvider {
  const { hostname, port, protocol } = new URL(options.url);
  const secure = protocol === "https:";
  const stripe = new Stripe(options.secretKey, {
    host: hostname,
    port: port === "" ? (secure ? 443 : 80) : Number(port),
    protocol: secure ? "https" : "http",
    timeout: options.timeoutMs,
    // Whether to try again is decided where the operation is stored; what one try may take is known then.
    maxNetworkRetries: 0,
    telemetry: false,
  });

  async function whole(intent: Stripe.PaymentIntent): Promise<ProviderState> {
    const refunds = intent.amount_received > 0 ? await listRefunds(stripe, intent.id) : [];
    return stateOf(intent, refunds);
  }

  async function read({ id }: { id: string }): Promise<ProviderState> {
    return whole(await stripe.paymentIntents.retrieve(id, { expand: ["latest_charge"] }).catch(refusalOf));
  }

  return {
    name: "stripe",
    check: (amount, currency) => void toStripeAmount(amount, currency),
    async authorize(wanted, operationId) {
      const key = { idempotencyKey: operationId };
      const intent = await stripe.paymentIntents.create(authorization(wanted, operationId), key).catch(declinedIntent);
      return whole(intent);
    },
    async confirm(known, operationId) {
      const intent = await stripe.paymentIntents.retrieve(known.id, { expand: ["latest_charge"] }).catch(refusalOf);
      if (intent.status !== "requires_confirmation") return whole(intent);
      const options = { idempotencyKey: operationId };
      return whole(await stripe.paymentIntents.confirm(known.id, { expand: ["latest_charge"] }, options).catch(declinedIntent));
    },
    async capture(known, amount, final, operationId) {
      const { currency } = await stripe.paymentIntents.retrieve(known.id).catch(refusalOf);
      const wanted = {
        amount_to_capture: toStripeAmount(amount, currency.toUpperCase()),
        // Stripe refuses to be told where a payment can be captured once only.
        ...(known.severalCaptures ? { final_capture: final } : {}),
        expand: ["latest_charge"],
      };
      return whole(await stripe.paymentIntents.capture(known.id, wanted, { idempotencyKey: operationId }).catch(refusalOf));
    },
    async void(known, operationId) {
      const key = { idempotencyKey: operationId };
      const expand = ["latest_charge"];
      if (known.captured > 0n) {
        const release = { amount_to_capture: 0, final_capture: true, expand };
        return whole(await stripe.paymentIntents.capture(known.id, release, key).catch(refusalOf));
      }
      return whole(await stripe.paymentIntents.cancel(known.id, { expand }, key).catch(refusalOf));
    },
    async close(id, operationId) {
      await stripe.paymentIntents.cancel(id, {}, { idempotencyKey: operationId }).catch(unlessCanceled);
    },
    async refund(known, amount, operationId) {
      const { currency } = await stripe.paymentIntents.retrieve(known.id).catch(refusalOf);
      await stripe.refunds
        .create(
          {
            payment_intent: known.id,
            amount: toStripeAmount(amount, currency.toUpperCase()),
            metadata: { [METADATA.operation]: operationId },
          },
          { idempotencyKey: operationId },
        )
        .catch(refusalOf);
      return read(known);
    },
    read,
    async find(operationId, since) {
      const gte = Math.floor(since.getTime() / 1000) - CLOCK_SLACK_SECONDS;
      // Not by search, which lags behind by up to a minute.
      const list = stripe.paymentIntents.list({ created: { gte }, limit: LISTED_AT_ONCE, expand: ["data.latest_charge"] });
      for await (const intent of list) if (intent.metadata[METADATA.operation] === operationId) return whole(intent);
      return undefined;
    },
    async *list(since) {
      const gte = Math.floor(since.getTime() / 1000);
      const list = stripe.paymentIntents.list({ created: { gte }, limit: LISTED_AT_ONCE, expand: ["data.latest_charge"] });
      for await (const intent of list) if (intent.metadata[METADATA.payment] !== undefined) yield listed(intent);
    },
  };
}

function listed({
  id,
  currency,
  status,
  metadata,
  amount_capturable,
  amount_received,
  latest_charge: charge,
}: Stripe.PaymentIntent): ListedPayment {
  const refunded = typeof charge === "object" && charge !== null ? charge.amount_refunded : 0;
  return {
    id,
    tenantId: metadata[METADATA.tenant] ?? "",
    paymentId: metadata[METADATA.payment] ?? "",
    reference: metadata[METADATA.reference] ?? "",
    currency: currency.toUpperCase(),
    held: status === "requires_capture" ? fromStripeAmount(amount_capturable, currency) : 0n,
    captured: fromStripeAmount(amount_received, currency),
    refunded: fromStripeAmount(refunded, currency),
  };
}

function authorization(wanted: Authorization, operationId: string): Stripe.PaymentIntentCreateParams {
  return {
    amount: toStripeAmount(wanted.amount, wanted.currency),
    currency: wanted.currency.toLowerCase(),
    capture_method: "manual",
    confirm: true,
    payment_method: wanted.methodToken,
    allowed_payment_method_types: ["card"],
    payment_method_options: { card: { request_multicapture: "if_available" } },
    ...(wanted.returnUrl === "" ? {} : { return_url: wanted.returnUrl }),
    metadata: {
      [METADATA.operation]: operationId,
      [METADATA.payment]: wanted.intentId,
      [METADATA.tenant]: wanted.tenantId,
      [METADATA.reference]: wanted.reference,
    },
    expand: ["latest_charge"],
  };
}
