import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually, type ServiceHarness, startHarness } from "@plinth/kernel/testing";
import { PaymentService } from "@plinth/proto/payment/v1/payment_pb";
import { Client as Postgres } from "pg";
import payment from "../src/index.ts";
import { type SimulatorProcess, startSimulatorProcess } from "./simulator.ts";

let simulator: SimulatorProcess;
let harness: ServiceHarness;
let postgres: Postgres;

beforeAll(async () => {
  simulator = await startSimulatorProcess();
  // No webhooks: what is done elsewhere is not heard of.
  harness = await startHarness({
    services: [payment],
    env: { PAYMENT_STRIPE_URL: simulator.url, PAYMENT_STRIPE_SECRET_KEY: "sk_test_simulator" },
  });
  postgres = new Postgres({ connectionString: harness.adminUrl });
  await postgres.connect();
}, 60_000);
afterAll(async () => {
  await postgres.end();
  await harness.stop();
  await simulator.stop();
});

const payments = (tenantId = "default") => harness.client("payment", PaymentService, { tenantId });
const euros = (amount: bigint) => ({ amount, currency: "EUR" });

let made = 0;
const authorized = (tenantId = "default", provider = "stripe") =>
  payments(tenantId).authorize({ reference: `ord_${++made}`, provider, amount: euros(10_000n), methodToken: "pm_card_visa" });

/** A call of Stripe's API by somebody else: its dashboard, another program. */
async function byHand(path: string, parameters: Record<string, string> = {}): Promise<{ id: string }> {
  const headers = { authorization: "Bearer sk_test_simulator" };
  const response = await fetch(`${simulator.url}/v1/${path}`, { method: "POST", headers, body: new URLSearchParams(parameters) });
  return (await response.json()) as { id: string };
}

test("books that agree have no difference, whatever was done", async () => {
  const { id } = await authorized();
  await payments().capture({ id, amount: euros(4000n) });
  await payments().refund({ id, amount: euros(1000n) });
  await payments().void({ id: (await authorized()).id });
  await authorized("acme");
  await payments().capture({ id: (await authorized("default", "manual")).id });
  await expect(payments().reconcile({ provider: "stripe" })).resolves.toMatchObject({ compared: 2n, differences: [] });
  await expect(payments().reconcile({ provider: "manual" })).resolves.toMatchObject({ compared: 1n, differences: [] });
});

test("what was done behind our back is listed, and noted in the audit trail, by tenant", async () => {
  const captured = await authorized("shop");
  await byHand(`payment_intents/${captured.providerId}/capture`, { amount_to_capture: "7000" });
  await byHand("refunds", { payment_intent: captured.providerId, amount: "2000" });
  const card = { payment_method: "pm_card_visa", confirm: "true", capture_method: "manual" };
  const ours = { "metadata[plinth_payment]": "pay_lost", "metadata[plinth_tenant]": "shop", "metadata[plinth_reference]": "ord_lost" };
  const unknown = await byHand("payment_intents", { amount: "500", currency: "eur", ...card, ...ours });
  await byHand("payment_intents", { amount: "900", currency: "eur", ...card });

  const of = { paymentId: captured.id, providerId: captured.providerId, reference: captured.reference };
  const { compared, differences } = await payments("shop").reconcile({ provider: "stripe", days: 2 });
  expect(compared).toBe(2n);
  expect(differences).toHaveLength(4);
  expect(differences).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        ...of,
        what: "held",
        ours: expect.objectContaining(euros(10_000n)),
        theirs: expect.objectContaining(euros(0n)),
      }),
      expect.objectContaining({
        ...of,
        what: "captured",
        ours: expect.objectContaining(euros(0n)),
        theirs: expect.objectContaining(euros(7000n)),
      }),
      expect.objectContaining({ ...of, what: "refunded", theirs: expect.objectContaining(euros(2000n)) }),
      expect.objectContaining({
        providerId: unknown.id,
        reference: "ord_lost",
        what: "unknown to us",
        theirs: expect.objectContaining(euros(500n)),
      }),
    ]),
  );
  await expect(payments().reconcile({ provider: "stripe" })).resolves.toMatchObject({ differences: [] });
  await eventually(async () => {
    const { rows } = await postgres.query(
      "select distinct event_id from plinth_bus.log where envelope::text like '%payment.differed%' and envelope::text like $1",
      [`%${captured.id}%`],
    );
    return rows.length === 3;
  });
});

test("what the provider does not know any more is listed", async () => {
  const lost = await authorized("lost");
  await postgres.query(
    "update payment.intents set provider_id = 'pi_gone', known = jsonb_set(known, '{id}', '\"pi_gone\"') where id = $1",
    [lost.id],
  );
  const { differences } = await payments("lost").reconcile({ provider: "stripe" });
  expect(differences.find(({ providerId }) => providerId === "pi_gone")).toMatchObject({
    paymentId: lost.id,
    what: "unknown to the provider",
    ours: euros(10_000n),
    theirs: euros(0n),
  });
});

test("a provider that is not set up is named", async () => {
  const refused = payments().reconcile({ provider: "paypal" });
  await expect(refused).rejects.toMatchObject({ code: "VALIDATION_ERROR", reason: "PROVIDER_NOT_SET_UP" });
});
