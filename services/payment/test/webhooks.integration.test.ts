import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually, type ServiceHarness, startHarness } from "@plinth/kernel/testing";
import { PaymentService, RefundStatus, State } from "@plinth/proto/payment/v1/payment_pb";
import { Client as Postgres } from "pg";
import payment from "../src/index.ts";
import { type SimulatorProcess, startSimulatorProcess } from "./simulator.ts";

const SECRET = "whsec_of_the_test";

let simulator: SimulatorProcess;
let harness: ServiceHarness;
let postgres: Postgres;

beforeAll(async () => {
  simulator = await startSimulatorProcess();
  harness = await startHarness({
    services: [payment],
    env: {
      PAYMENT_STRIPE_URL: simulator.url,
      PAYMENT_STRIPE_SECRET_KEY: "sk_test_simulator",
      PAYMENT_STRIPE_WEBHOOK_SECRET: SECRET,
      PAYMENT_RECOVERY_EVERY: "50ms",
    },
  });
  postgres = new Postgres({ connectionString: harness.adminUrl });
  await postgres.connect();
  const headers = { "x-service-token": await harness.serviceToken("gateway", "payment") };
  await simulator.control("POST", "webhooks", { url: webhookUrl(), secret: SECRET, headers, held: true });
});
afterAll(async () => {
  await postgres.end();
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

async function atStripe(id: string): Promise<{ status: string; amount_capturable: number }> {
  const headers = { authorization: "Bearer sk_test_simulator" };
  return (await (await fetch(`${simulator.url}/v1/payment_intents/${id}`, { headers })).json()) as never;
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

describe.each(["pm_card_visa", "pm_card_pendingRefund"])("a refund of %s that the bank sends back", (card) => {
  test("is no refund any more: the ledger turns it round, and others are told once", async () => {
    const { id, providerId, reference } = await payments().authorize(anAuthorization(card));
    await payments().capture({ id, final: true });
    await payments().refund({ id, amount: euros(1000n), refundReference: "orf_0" });
    const { refunds } = await payments().refund({ id, amount: euros(4000n), refundReference: "orf_1" });
    await deliver();
    await simulator.control("POST", `refunds/${providerId}`, { status: "failed", reason: "expired_or_canceled_card" });
    await deliver("reversed", 2);
    const told = await payments().getIntent({ id });
    const pending = card === "pm_card_visa" ? RefundStatus.SUCCEEDED : RefundStatus.PENDING;
    expect(told).toMatchObject({
      refunded: euros(1000n),
      refunds: [
        { amount: euros(1000n), status: pending },
        { amount: euros(4000n), status: RefundStatus.FAILED, reference: "orf_1" },
      ],
    });
    const { transactions } = await payments().listLedger({ paymentId: id });
    expect(transactions.slice(0, 2)).toMatchObject([
      {
        kind: "refund-failed",
        postings: [
          { account: "customer", amount: euros(-4000n) },
          { account: "charged", amount: euros(4000n) },
        ],
      },
      {
        kind: "refund",
        postings: [
          { account: "charged", amount: euros(-4000n) },
          { account: "customer", amount: euros(4000n) },
        ],
      },
    ]);
    const failures =
      "select envelope->'data' as data from plinth_bus.log where envelope->>'type' = 'payment.refund_failed' and envelope->>'key' = $1";
    await eventually(async () => (await sql(failures, [id])).length > 0);
    expect(await sql(failures, [id])).toMatchObject([
      {
        data: {
          ...{ reference, refundId: refunds[1]?.id, refundReference: "orf_1", code: "expired_or_canceled_card" },
          ...{ amount: { amount: "4000" }, refunded: { amount: "1000" }, failed: { amount: "4000" } },
        },
      },
    ]);
    await expect(payments().refund({ id })).resolves.toMatchObject({ refunded: euros(10_000n) });
  });
});

describe("a payment that is void here", () => {
  const goneOn: [what: string, card: string, goOn: (id: string) => Promise<unknown>, amounts: object][] = [
    [
      "its customer goes on with is let go of",
      "pm_card_threeDSecure2Required",
      (id) => simulator.control("POST", `3ds/${id}`, { outcome: "success" }),
      { state: State.VOIDED, authorized: euros(0n), captured: euros(0n) },
    ],
    [
      "its customer tries in vain to go on with is closed",
      "pm_card_threeDSecure2Required",
      (id) => simulator.control("POST", `3ds/${id}`, { outcome: "failure" }),
      { state: State.VOIDED, authorized: euros(0n), captured: euros(0n) },
    ],
    [
      "somebody charges at Stripe is given back",
      "pm_card_visa",
      (id) => byHand(`payment_intents/${id}/capture`, { amount_to_capture: "7000" }),
      { state: State.CAPTURED, captured: euros(7000n), refunded: euros(7000n) },
    ],
  ];
  test.each(goneOn)("and that %s, and others hear of it", async (_what, card, goOn, amounts) => {
    const { id, providerId } = await payments().authorize(anAuthorization(card));
    await deliver();
    // As if it had been closed here alone.
    await sql("update payment.intents set state = 'voided', authorized = 0 where id = $1", [id]);
    await goOn(providerId);
    await deliver("reversed", 2);
    const isSettled = async () => (await sql("select from payment.intents where id = $1 and not void_wanted", [id])).length === 1;
    await eventually(isSettled);
    expect(await payments().getIntent({ id })).toMatchObject(amounts);
    await deliver();
    const { status, amount_capturable: held } = await atStripe(providerId);
    expect([status, held]).toEqual([card === "pm_card_visa" ? "succeeded" : "canceled", 0]);
  });

  test("was so before an old word of it arrives, which changes nothing", async () => {
    const { id, providerId } = await payments().authorize(anAuthorization());
    const fault = await simulator.fault("hang-after", `payment_intents/${providerId}`, 1, "GET");
    const delivering = deliver();
    await fault.hit();
    await payments().void({ id });
    const voided = await payments().getIntent({ id });
    await fault.release();
    await delivering;
    expect(await payments().getIntent({ id })).toEqual(voided);
  });
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

test("a customer comes back from the bank's page, and whoever waits for the money is told by an event", async () => {
  const { id, nextActionUrl, reference } = await payments().authorize(anAuthorization("pm_card_threeDSecure2Required"));
  expect(await (await fetch(nextActionUrl)).text()).toContain('data-outcome="success"');
  // What the page's button does.
  await fetch(nextActionUrl, { method: "POST", body: JSON.stringify({ outcome: "success" }) });
  await deliver("made", 2);
  await expect(payments().getIntent({ id })).resolves.toMatchObject({ state: State.AUTHORIZED, nextActionUrl: "" });
  const told = `select envelope->>'type' as type, envelope->'data'->>'reference' as reference from plinth_bus.log
    where envelope->>'key' = $1 or envelope->'data'->>'paymentId' = $1`;
  await eventually(async () => (await sql(told, [id])).length > 0);
  expect(await sql(told, [id])).toEqual([{ type: "payment.authorized", reference }]);
});

const send = async (body: string, headers: Record<string, string> = {}) => {
  const token = { "x-service-token": await harness.serviceToken("gateway", "payment") };
  return fetch(webhookUrl(), { method: "POST", headers: { ...token, ...headers }, body });
};
const signatureOf = (body: string, seconds = Math.floor(Date.now() / 1000), secret = SECRET) =>
  `t=${seconds},v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`;
const sendSigned = (body: string, headers: Record<string, string> = {}) =>
  send(body, { "stripe-signature": signatureOf(body), ...headers });
const anEvent = (object: unknown, type = "payment_intent.succeeded") => JSON.stringify({ id: `evt_${++made}`, type, data: { object } });
const now = () => Math.floor(Date.now() / 1000);

describe("an event that is not Stripe's", () => {
  const body = anEvent({});
  test.each([
    ["has no signature", () => ({})],
    ["has an empty one", () => ({ "stripe-signature": "" })],
    ["has an old one", () => ({ "stripe-signature": signatureOf(body, now() - 301) })],
    ["has one of tomorrow", () => ({ "stripe-signature": signatureOf(body, now() + 400) })],
    ["has one of another body", () => ({ "stripe-signature": signatureOf(`${body} `) })],
    ["has one by another secret", () => ({ "stripe-signature": signatureOf(body, now(), "whsec_other") })],
    ["has one that is nothing", () => ({ "stripe-signature": `t=${now()},v1=${"0".repeat(64)}` })],
    ["has thousands", () => ({ "stripe-signature": `t=${now()}${",v1=00".repeat(1500)}` })],
  ] as [string, () => Record<string, string>][])("and %s is refused", async (_what, headers) => {
    const response = await send(body, headers());
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: { details: { reason: "INVALID_SIGNATURE" } } });
  });

  test("is refused when it is too large", async () => {
    expect((await sendSigned("x".repeat(300_000))).status).toBe(413);
  });
});

describe("an event of Stripe's that says something odd", () => {
  test.each([
    "",
    "null",
    "[]",
    "1",
    '"evt_1"',
    "{",
    "{}",
    '{"id":1,"type":"x"}',
    '{"id":"a b","type":"x"}',
    '{"id":"evt_1"}',
    "[".repeat(100_000),
  ])("is refused when it is none (%#)", async (body) => {
    expect((await sendSigned(body)).status).toBe(400);
  });

  test.each([
    ["of a type that nobody knows", anEvent({ object: "customer", id: "cus_1" }, "customer.created")],
    ["of a payment that nobody knows", anEvent({ object: "payment_intent", id: "pi_nobody" })],
    ["without an object", JSON.stringify({ id: "evt_empty", type: "payment_intent.succeeded" })],
    ["with a list for an object", anEvent([])],
    [
      "of a payment of ours that Stripe does not know",
      anEvent({ object: "payment_intent", id: "pi_gone", metadata: { plinth_payment: "pay_1", plinth_tenant: "default" } }),
    ],
    ["of all tenants", anEvent({ object: "payment_intent", id: "pi_1", metadata: { plinth_payment: "pay_1", plinth_tenant: "*" } })],
    ["of no tenant", anEvent({ object: "payment_intent", id: "pi_1", metadata: { plinth_payment: "pay_1" } })],
    ["with zeros", anEvent({ object: "payment_intent", id: "pi_\0", metadata: { plinth_payment: "\0", plinth_tenant: "\0" } })],
    ["with endless names", anEvent({ object: "payment_intent", id: "p".repeat(9000), metadata: { plinth_tenant: "t".repeat(9000) } })],
  ])("is taken and changes nothing (%s)", async (_what, body) => {
    const before = await sql("select count(*)::int as n from payment.intents", []);
    expect((await sendSigned(body)).status).toBe(200);
    expect((await sendSigned(body, { "content-type": "text/plain" })).status).toBe(200);
    expect(await sql("select count(*)::int as n from payment.intents", [])).toEqual(before);
  });

  test("about a payment is believed only as far as Stripe itself says so", async () => {
    const { id, providerId, reference } = await payments().authorize(anAuthorization());
    const metadata = { plinth_payment: id, plinth_tenant: "default", plinth_reference: reference };
    const lie = { object: "payment_intent", id: providerId, status: "succeeded", amount_received: 10_000, metadata };
    expect((await sendSigned(anEvent(lie))).status).toBe(200);
    await expect(payments().getIntent({ id })).resolves.toMatchObject({ state: State.AUTHORIZED, captured: euros(0n) });
  });

  test("and cannot be looked into, because Stripe is away, is asked for again", async () => {
    const { id, providerId } = await payments().authorize(anAuthorization());
    await byHand(`payment_intents/${providerId}/capture`);
    await simulator.control("POST", "faults", { kind: "error-before", method: "GET", path: providerId });
    const body = anEvent({ object: "payment_intent", id: providerId });
    expect((await sendSigned(body)).status).toBe(503);
    expect((await sendSigned(body)).status).toBe(200);
    await expect(payments().getIntent({ id })).resolves.toMatchObject({ state: State.CAPTURED });
    await deliver();
  });
});

async function sql(text: string, parameters: unknown[]): Promise<unknown[]> {
  return (await postgres.query(text, parameters)).rows;
}
