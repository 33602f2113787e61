import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type ServiceHarness, startHarness } from "@plinth/kernel/testing";
import { PaymentService, RefundStatus, State } from "@plinth/proto/payment/v1/payment_pb";
import payment from "../src/index.ts";
import { type SimulatorProcess, startSimulatorProcess } from "./simulator.ts";

const SECRET = "whsec_of_the_test";

let simulator: SimulatorProcess;
let harness: ServiceHarness;

beforeAll(async () => {
  simulator = await startSimulatorProcess();
  harness = await startHarness({
    services: [payment],
    env: {
      PAYMENT_STRIPE_URL: simulator.url,
      PAYMENT_STRIPE_SECRET_KEY: "sk_test_simulator",
      PAYMENT_STRIPE_WEBHOOK_SECRET: SECRET,
    },
  });
  const headers = { "x-service-token": await harness.serviceToken("gateway", "payment") };
  await simulator.control("POST", "webhooks", { url: webhookUrl(), secret: SECRET, headers, held: true });
});
afterAll(async () => {
  await harness.stop();
  await simulator.stop();
});

const webhookUrl = () => `${harness.httpUrl("payment")}/api/v1/payment/webhooks/stripe`;
const payments = (tenantId = "default") => harness.client("payment", PaymentService, { tenantId });
const euros = (amount: bigint) => ({ amount, currency: "EUR" });

let made = 0;
const anAuthorization = (methodToken = "pm_card_visa") => ({
  reference: `ord_${++made}`,
  provider: "stripe",
  amount: euros(10_000n),
  methodToken,
  customerId: "cus_ada",
  returnUrl: "https://shop.example/back",
});

/** Sends what the simulator holds back; all of it must be taken. */
async function deliver(order: "made" | "reversed" = "made", copies = 1): Promise<string[]> {
  const { deliveries } = await simulator.control<{ deliveries: { type: string; status: number }[] }>("POST", "webhooks/deliver", {
    order,
    copies,
  });
  expect(deliveries.filter(({ status }) => status !== 200)).toEqual([]);
  return deliveries.map(({ type }) => type);
}

/** A call of Stripe's API by somebody else: its dashboard, another program. */
async function byHand(path: string, parameters: Record<string, string> = {}): Promise<{ id: string }> {
  const response = await fetch(`${simulator.url}/v1/${path}`, {
    method: "POST",
    headers: { authorization: "Bearer sk_test_simulator" },
    body: new URLSearchParams(parameters),
  });
  return (await response.json()) as { id: string };
}

describe.each([
  ["made", 1],
  ["made", 3],
  ["reversed", 1],
  ["reversed", 3],
] as const)("events as they were %s, %s times each", (order, copies) => {
  test("tell what was done elsewhere, and change nothing that is known", async () => {
    const elsewhere = await payments().authorize(anAuthorization());
    const here = await payments("acme").authorize(anAuthorization());
    await payments("acme").capture({ id: here.id, amount: euros(4000n) });
    await payments("acme").refund({ id: here.id, amount: euros(1500n) });
    const known = await payments("acme").getIntent({ id: here.id });
    await byHand(`payment_intents/${elsewhere.providerId}/capture`, { amount_to_capture: "7000" });
    await byHand("refunds", { payment_intent: elsewhere.providerId, amount: "2000" });

    const types = await deliver(order, copies);
    expect(types.length).toBeGreaterThanOrEqual(8 * copies);
    const told = await payments().getIntent({ id: elsewhere.id });
    expect(told).toMatchObject({ state: State.CAPTURED, authorized: euros(7000n), captured: euros(7000n), refunded: euros(2000n) });
    expect(told.history.map(({ what }) => what)).toEqual(["asked", "authorized", "captured", "refunded"]);
    expect(await payments("acme").getIntent({ id: here.id })).toEqual(known);
  });
});

test("a customer who was at the bank needs nobody to confirm", async () => {
  const ask = () => payments().authorize(anAuthorization("pm_card_threeDSecure2Required"));
  const [good, bad] = [await ask(), await ask()];
  await simulator.control("POST", `3ds/${good.providerId}`, { outcome: "success" });
  await simulator.control("POST", `3ds/${bad.providerId}`, { outcome: "failure" });
  await deliver("reversed");
  await expect(payments().getIntent({ id: good.id })).resolves.toMatchObject({ state: State.AUTHORIZED });
  await expect(payments().getIntent({ id: bad.id })).resolves.toMatchObject({
    state: State.FAILED,
    decline: { code: "payment_intent_authentication_failure" },
  });
});

test("a refund that the bank sends back is no refund any more", async () => {
  const { id } = await payments().authorize(anAuthorization("pm_card_refundFail"));
  await payments().capture({ id, final: true });
  await payments().refund({ id, amount: euros(4000n) });
  const { data } = (await (
    await fetch(`${simulator.url}/v1/refunds?limit=1`, { headers: { authorization: "Bearer sk_test_simulator" } })
  ).json()) as { data: { id: string }[] };
  await simulator.control("POST", `refunds/${data[0]?.id}`, { status: "failed" });
  await deliver("reversed", 2);
  const told = await payments().getIntent({ id });
  expect(told).toMatchObject({ refunded: euros(0n), refunds: [{ amount: euros(4000n), status: RefundStatus.FAILED }] });
  await expect(payments().refund({ id })).resolves.toMatchObject({ refunded: euros(10_000n) });
});

test("an event that is faster than the answer settles the call that caused it", async () => {
  const fault = await simulator.fault("hang-after", "payment_intents$");
  const request = anAuthorization();
  const authorizing = payments().authorize(request);
  await fault.hit();
  await deliver();
  await expect(payments().getIntent({ reference: request.reference })).resolves.toMatchObject({ state: State.AUTHORIZED });
  await fault.release();
  const { id } = await authorizing;
  const { history } = await payments().getIntent({ id });
  expect(history.map(({ what }) => what)).toEqual(["asked", "authorized"]);
});

describe("an event that is not Stripe's", () => {
  const send = async (body: string, signature?: string) => {
    const headers = { "x-service-token": await harness.serviceToken("gateway", "payment") };
    const signed = signature === undefined ? headers : { ...headers, "stripe-signature": signature };
    return fetch(webhookUrl(), { method: "POST", headers: signed, body });
  };

  test.each([undefined, "", "t=1,v1=00", `t=${Math.floor(Date.now() / 1000)},v1=${"0".repeat(64)}`])(
    "is refused (%p)",
    async (signature) => {
      const response = await send('{"id":"evt_1","type":"payment_intent.succeeded"}', signature);
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ error: { details: { reason: "INVALID_SIGNATURE" } } });
    },
  );

  test("is refused when it is too large", async () => {
    expect((await send("x".repeat(300_000))).status).toBe(413);
  });
});
