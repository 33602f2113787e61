import { type SimulatorProcess, startSimulatorProcess } from "../../payment/test/simulator.ts";
import { type Shop, type ShopOptions, startShop } from "./shop.ts";

/** A shop whose payments go by the simulator of Stripe, which tells it at once of what happens there. */
export interface StripeShop extends Shop {
  readonly stripe: SimulatorProcess;
  /** The payment intent of an order. */
  stripeId(orderId: string): Promise<string>;
  /** How Stripe itself sees it. */
  atStripe(id: string): Promise<StripeIntent>;
}

export interface StripeIntent {
  readonly id: string;
  readonly status: string;
  readonly amount_capturable: number;
  readonly amount_received: number;
}

const SECRET = "whsec_of_the_test";
export const STRIPE_KEY = { authorization: "Bearer sk_test_simulator" };

export async function startStripeShop({ env = {}, ...options }: ShopOptions = {}): Promise<StripeShop> {
  const stripe = await startSimulatorProcess();
  const stripeEnv = {
    PAYMENT_STRIPE_URL: stripe.url,
    PAYMENT_STRIPE_SECRET_KEY: "sk_test_simulator",
    PAYMENT_STRIPE_WEBHOOK_SECRET: SECRET,
  };
  const shop = await startShop({ ...options, env: { ...stripeEnv, ...env } }).catch(async (error: unknown) => {
    // A process that nobody stops keeps the tests from their end.
    await stripe.stop();
    throw error;
  });
  const headers = { "x-service-token": await shop.harness.serviceToken("gateway", "payment") };
  const url = `${shop.harness.httpUrl("payment")}/api/v1/payment/webhooks/stripe`;
  await stripe.control("POST", "webhooks", { url, secret: SECRET, headers });
  return {
    ...shop,
    stripe,
    stripeId: async (reference) => (await shop.payments().getIntent({ reference })).providerId,
    async atStripe(id) {
      return (await (await fetch(`${stripe.url}/v1/payment_intents/${id}`, { headers: STRIPE_KEY })).json()) as StripeIntent;
    },
    async stop() {
      await shop.stop();
      await stripe.stop();
    },
  };
}
