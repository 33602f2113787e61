import { type Shop, type ShopOptions, startShop } from "../../services/order/test/shop.ts";
import { type SimulatorProcess, startSimulatorProcess } from "../../services/payment/test/simulator.ts";

/** A shop whose cards are charged by Stripe's simulator, a process of its own that tells of everything by webhook. */
export interface CardShop extends Shop {
  readonly stripe: SimulatorProcess;
}

const SECRET = "whsec_of_the_test";

export async function startCardShop({ env = {}, ...options }: ShopOptions = {}): Promise<CardShop> {
  const stripe = await startSimulatorProcess();
  const shop = await startShop({
    ...options,
    env: {
      PAYMENT_STRIPE_URL: stripe.url,
      PAYMENT_STRIPE_SECRET_KEY: "sk_test_simulator",
      PAYMENT_STRIPE_WEBHOOK_SECRET: SECRET,
      PAYMENT_STRIPE_TIMEOUT: "500ms",
      ...env,
    },
  });
  const headers = { "x-service-token": await shop.harness.serviceToken("gateway", "payment") };
  const url = `${shop.harness.httpUrl("payment")}/api/v1/payment/webhooks/stripe`;
  await stripe.control("POST", "webhooks", { url, secret: SECRET, headers });
  return {
    ...shop,
    stripe,
    async stop() {
      await shop.stop();
      await stripe.stop();
    },
  };
}
