import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type ServiceHarness, startHarness } from "@plinth/kernel/testing";
import { AuthorizedStatus, ChargedStatus, PaymentService, RefundStatus, State } from "@plinth/proto/payment/v1/payment_pb";
import { Client as Postgres } from "pg";
import payment from "../src/index.ts";
import { type SimulatorProcess, startSimulatorProcess } from "./simulator.ts";

let simulator: SimulatorProcess;
let harness: ServiceHarness;
let postgres: Postgres;

beforeAll(async () => {
  simulator = await startSimulatorProcess();
  harness = await startHarness({
    services: [payment],
    env: { PAYMENT_STRIPE_URL: simulator.url, PAYMENT_STRIPE_SECRET_KEY: "sk_test_simulator", PAYMENT_STRIPE_TIMEOUT: "500ms" },
  });
  postgres = new Postgres({ connectionString: harness.databaseUrl("payment") });
  await postgres.connect();
  await postgres.query("set plinth.tenant = '*'; set search_path = payment");
});
afterAll(async () => {
  await postgres.end();
  await harness.stop();
  await simulator.stop();
});

const payments = (tenantId = "default") => harness.client("payment", PaymentService, { tenantId });
const euros = (amount: bigint) => ({ amount, currency: "EUR" });

let made = 0;
function anAuthorization(change: { reference?: string; methodToken?: string; amount?: bigint; provider?: string } = {}) {
  const { reference = `ord_${++made}`, amount = 10_000n, provider = "stripe", methodToken = "pm_card_visa" } = change;
  return { reference, provider, amount: euros(amount), methodToken, customerId: "cus_ada", returnUrl: "https://shop.example/back" };
}

async function ledgerOf(paymentId: string): Promise<Record<string, bigint>> {
  const { transactions } = await payments().listLedger({ paymentId, pageSize: 100 });
  const sums: Record<string, bigint> = {};
  for (const { postings } of transactions) {
    expect(postings.reduce((sum, { amount }) => sum + (amount?.amount ?? 0n), 0n)).toBe(0n);
    for (const { account, amount } of postings) sums[account] = (sums[account] ?? 0n) + (amount?.amount ?? 0n);
  }
  return sums;
}

async function statusAtStripe(id: string): Promise<string> {
  const headers = { authorization: "Bearer sk_test_simulator" };
  return ((await (await fetch(`${simulator.url}/v1/payment_intents/${id}`, { headers })).json()) as { status: string }).status;
}

describe.each(["stripe", "manual"])("by %s", (provider) => {
  test("a payment is held, charged in parts and given back in parts, and its ledger ends at zero", async () => {
    const { id, ...held } = await payments().authorize(anAuthorization({ provider }));
    expect(held).toMatchObject({ state: State.AUTHORIZED, authorizedStatus: AuthorizedStatus.FULL, chargedStatus: ChargedStatus.NONE });
    expect(await ledgerOf(id)).toEqual({ customer: -10_000n, held: 10_000n });

    const part = await payments().capture({ id, amount: euros(4000n) }, { idempotencyKey: `${id}-1` });
    expect(part).toMatchObject({ state: State.AUTHORIZED, chargedStatus: ChargedStatus.PARTIAL, capturable: euros(6000n) });
    const rest = await payments().capture({ id }, { idempotencyKey: `${id}-2` });
    expect(rest).toMatchObject({ state: State.CAPTURED, chargedStatus: ChargedStatus.FULL, captured: euros(10_000n) });
    expect(await ledgerOf(id)).toEqual({ customer: -10_000n, held: 0n, charged: 10_000n });

    await payments().refund({ id, amount: euros(2500n), reason: "broken" }, { idempotencyKey: `${id}-3` });
    const refunded = await payments().refund({ id, amount: euros(7500n) }, { idempotencyKey: `${id}-4` });
    expect(refunded).toMatchObject({ chargedStatus: ChargedStatus.NONE, refunded: euros(10_000n) });
    expect(refunded.refunds).toMatchObject([
      { amount: euros(2500n), status: RefundStatus.SUCCEEDED, reason: "broken" },
      { amount: euros(7500n), status: RefundStatus.SUCCEEDED, reason: "" },
    ]);
    expect(await ledgerOf(id)).toEqual({ customer: 0n, held: 0n, charged: 0n });
    const { history } = await payments().getIntent({ id });
    expect(history.map(({ what }) => what)).toEqual(["asked", "authorized", "captured", "captured", "refunded", "refunded"]);
  });

  test("more than there is can be neither charged nor given back", async () => {
    const { id } = await payments().authorize(anAuthorization({ provider }));
    await expect(payments().refund({ id, amount: euros(1n) })).rejects.toMatchObject({
      reason: "PAYMENT_STATUS",
      metadata: { state: "authorized", allowed: "capture,close,void,release" },
    });
    await expect(payments().capture({ id, amount: euros(10_001n) })).rejects.toMatchObject({
      reason: "AMOUNT_TOO_LARGE",
      metadata: { available: "10000" },
    });
    await payments().capture({ id, amount: euros(6000n), final: true });
    await expect(payments().capture({ id, amount: euros(1n) })).rejects.toMatchObject({ reason: "PAYMENT_STATUS" });
    await expect(payments().refund({ id, amount: euros(6001n) })).rejects.toMatchObject({ metadata: { available: "6000" } });
    expect(await ledgerOf(id)).toEqual({ customer: -6000n, held: 0n, charged: 6000n });
  });

  test("a void lets go of what is held, and may be repeated", async () => {
    const { id } = await payments().authorize(anAuthorization({ provider }));
    await expect(payments().void({ id })).resolves.toMatchObject({ state: State.VOIDED, authorizedStatus: AuthorizedStatus.NONE });
    await expect(payments().void({ id })).resolves.toMatchObject({ state: State.VOIDED });
    await expect(payments().capture({ id })).rejects.toMatchObject({
      reason: "PAYMENT_STATUS",
      metadata: { state: "voided", allowed: "" },
    });
    expect(await ledgerOf(id)).toEqual({ customer: 0n, held: 0n });
  });

  test("a void after a part was charged lets go of the rest, and may be repeated; what was charged whole cannot be voided", async () => {
    const { id } = await payments().authorize(anAuthorization({ provider }));
    await payments().capture({ id, amount: euros(3000n) });
    await expect(payments().void({ id })).resolves.toMatchObject({ state: State.CAPTURED, authorized: euros(3000n) });
    await expect(payments().void({ id })).resolves.toMatchObject({ state: State.CAPTURED, authorized: euros(3000n) });
    const { id: whole } = await payments().authorize(anAuthorization({ provider }));
    await payments().capture({ id: whole });
    await expect(payments().void({ id: whole })).rejects.toMatchObject({ reason: "PAYMENT_STATUS" });
  });

  test("a refund without amount leaves no money, whatever there was", async () => {
    const { id } = await payments().authorize(anAuthorization({ provider }));
    await payments().capture({ id, amount: euros(3000n) });
    await expect(payments().refund({ id })).resolves.toMatchObject({ state: State.CAPTURED, refunded: euros(3000n) });
    await expect(payments().refund({ id })).resolves.toMatchObject({ refunded: euros(3000n) });
    const { id: held } = await payments().authorize(anAuthorization({ provider }));
    await expect(payments().refund({ id: held })).resolves.toMatchObject({ state: State.VOIDED });
    expect(await ledgerOf(id)).toEqual({ customer: 0n, held: 0n, charged: 0n });
  });
});

describe("the same call again", () => {
  test("authorizes once, also when many come at once", async () => {
    const before = await simulator.sums();
    const request = anAuthorization();
    const answers = await Promise.all(Array.from({ length: 6 }, () => payments().authorize(request)));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect((await simulator.sums()).payment_intents).toBe(before.payment_intents + 1);
    const other = payments().authorize({ ...request, amount: euros(1n) });
    await expect(other).rejects.toMatchObject({ code: "CONFLICT", reason: "PAYMENT_EXISTS" });
  });

  test("captures and refunds once per key, and anew without one", async () => {
    const { id } = await payments().authorize(anAuthorization());
    const capture = () => payments().capture({ id, amount: euros(1000n) }, { idempotencyKey: `${id}-capture` });
    await Promise.all([capture(), capture(), capture()]);
    await expect(payments().getIntent({ id })).resolves.toMatchObject({ captured: euros(1000n) });
    await Promise.all([1, 2, 3].map(() => payments().capture({ id, amount: euros(1000n) })));
    await expect(payments().getIntent({ id })).resolves.toMatchObject({ captured: euros(4000n) });
    const other = payments().capture({ id, amount: euros(5n) }, { idempotencyKey: `${id}-capture` });
    await expect(other).rejects.toMatchObject({ code: "VALIDATION_ERROR", reason: "IDEMPOTENCY_CONFLICT" });
  });
});

describe("what never arrived", () => {
  test.each(["void", "refund"] as const)("is void after a %s, and stays so", async (act) => {
    const before = await simulator.sums();
    const request = anAuthorization();
    await expect(payments()[act]({ reference: request.reference })).resolves.toMatchObject({ state: State.VOIDED });
    await expect(payments()[act]({ reference: request.reference })).resolves.toMatchObject({ state: State.VOIDED });
    await expect(payments().authorize(request)).rejects.toMatchObject({ code: "CONFLICT", reason: "PAYMENT_VOIDED" });
    expect(await simulator.sums()).toEqual(before);
  });

  test("is not there by an id, and cannot be given back in part", async () => {
    await expect(payments().void({ id: "pay_unknown" })).rejects.toMatchObject({ code: "NOT_FOUND", reason: "PAYMENT_NOT_FOUND" });
    const part = payments().refund({ reference: "ord_unknown", amount: euros(1n) });
    await expect(part).rejects.toMatchObject({ code: "NOT_FOUND", reason: "PAYMENT_NOT_FOUND" });
  });
});

describe("a decline", () => {
  test("is refused with the provider's codes, each time, until another method is tried", async () => {
    const request = anAuthorization({ methodToken: "pm_card_chargeDeclinedInsufficientFunds" });
    const refusal = {
      code: "CONFLICT",
      reason: "PAYMENT_DECLINED",
      metadata: { code: "card_declined", decline_code: "insufficient_funds" },
    };
    await expect(payments().authorize(request)).rejects.toMatchObject(refusal);
    await expect(payments().authorize(request)).rejects.toMatchObject(refusal);
    await expect(payments().getIntent({ reference: request.reference })).resolves.toMatchObject({
      state: State.FAILED,
      decline: { code: "card_declined", declineCode: "insufficient_funds" },
    });
    const again = await payments().authorize({ ...request, methodToken: "pm_card_visa" });
    expect(again).toMatchObject({ state: State.AUTHORIZED, authorized: euros(10_000n) });
    expect(again.decline).toBeUndefined();
  });

  test.each(["stripe", "manual"])("is closed at the provider before another method is tried, by %s", async (provider) => {
    const request = anAuthorization({ methodToken: "pm_card_chargeDeclined" });
    await expect(payments().authorize(request)).rejects.toMatchObject({ reason: "PAYMENT_DECLINED" });
    const declined = await payments().getIntent({ reference: request.reference });
    // Stripe is away for a moment: the call is repeated, and closes it then.
    await simulator.fault("error-before", "cancel$");
    const again = { ...request, provider, methodToken: "pm_card_visa" };
    const authorized = await payments().authorize(again);
    expect(authorized).toMatchObject({ id: declined.id, state: State.AUTHORIZED, provider });
    expect(authorized.providerId).not.toBe(declined.providerId);
    expect(await statusAtStripe(declined.providerId)).toBe("canceled");
  });

  test("that is voided is closed at the provider, where its customer could go on with it", async () => {
    const atOnce = anAuthorization({ methodToken: "pm_card_chargeDeclined" });
    await expect(payments().authorize(atOnce)).rejects.toMatchObject({ reason: "PAYMENT_DECLINED" });
    const later = await payments().authorize(anAuthorization({ methodToken: "pm_card_threeDSecure2Required" }));
    await simulator.control("POST", `3ds/${later.providerId}`, { outcome: "failure" });
    for (const reference of [atOnce.reference, later.reference]) {
      const { providerId } = await payments().getIntent({ reference });
      for (const _twice of [1, 2]) await expect(payments().void({ reference })).resolves.toMatchObject({ state: State.VOIDED, providerId });
      expect(await statusAtStripe(providerId)).toBe("canceled");
    }
  });

  test("of a token that the provider does not know names that", async () => {
    const refused = payments().authorize(anAuthorization({ methodToken: "pm_nobody" }));
    await expect(refused).rejects.toMatchObject({ reason: "PAYMENT_DECLINED", metadata: { code: "resource_missing" } });
  });
});

test("a 3-D Secure payment waits for its customer, and goes on or fails afterwards", async () => {
  const ask = () => payments().authorize(anAuthorization({ methodToken: "pm_card_threeDSecure2Required" }));
  const [good, bad] = [await ask(), await ask()];
  expect(good).toMatchObject({ state: State.REQUIRES_ACTION, nextActionUrl: expect.stringContaining(good.providerId) });
  await expect(payments().confirmIntent({ id: good.id })).resolves.toMatchObject({ state: State.REQUIRES_ACTION });
  await simulator.control("POST", `3ds/${good.providerId}`, { outcome: "success" });
  await simulator.control("POST", `3ds/${bad.providerId}`, { outcome: "failure" });
  await expect(payments().confirmIntent({ id: good.id })).resolves.toMatchObject({ state: State.AUTHORIZED, nextActionUrl: "" });
  const metadata = { code: "payment_intent_authentication_failure" };
  await expect(payments().confirmIntent({ id: bad.id })).rejects.toMatchObject({ reason: "PAYMENT_DECLINED", metadata });
});

describe("when Stripe does not answer", () => {
  // A connection that breaks is tried once more by Stripe's own client.
  const timesOf = (kind: string) => (kind.startsWith("drop") ? 2 : 1);

  test.each(["drop-after", "hang-after", "error-after"])("%s: what took place is found out at once", async (kind) => {
    const before = await simulator.sums();
    await simulator.fault(kind, "payment_intents$", timesOf(kind));
    const { id } = await payments().authorize(anAuthorization());
    await simulator.fault(kind, "capture$", timesOf(kind));
    await expect(payments().capture({ id, amount: euros(6000n) })).resolves.toMatchObject({ captured: euros(6000n) });
    await simulator.fault(kind, "refunds$", timesOf(kind));
    await expect(payments().refund({ id, amount: euros(1000n) })).resolves.toMatchObject({ refunded: euros(1000n) });
    expect(await simulator.sums()).toEqual({
      payment_intents: before.payment_intents + 1,
      refunds: before.refunds + 1,
      held: before.held + 4000,
      captured: before.captured + 6000,
      refunded: before.refunded + 1000,
    });
  });

  test.each(["drop-before", "error-before"])(
    "%s: the call is repeated, by its client or its caller, and takes place once",
    async (kind) => {
      const before = await simulator.sums();
      await simulator.fault(kind, "payment_intents$", timesOf(kind));
      const request = anAuthorization();
      const again = () => payments().authorize(request);
      const { id } = await again().catch(again);
      await simulator.fault(kind, "capture$", timesOf(kind));
      const unkeyed = payments().capture({ id, amount: euros(100n) });
      await expect(unkeyed).rejects.toMatchObject({
        code: "SERVICE_UNAVAILABLE",
        reason: "PAYMENT_UNCERTAIN",
        metadata: { payment_id: id },
      });
      await expect(payments().getIntent({ id })).resolves.toMatchObject({ captured: euros(0n) });
      // Whoever comes next finishes it first.
      await expect(payments().capture({ id, amount: euros(200n) })).resolves.toMatchObject({ captured: euros(300n) });
      const { payment_intents: made, captured } = await simulator.sums();
      expect([made, captured]).toEqual([before.payment_intents + 1, before.captured + 300]);
    },
  );

  test("a void of a payment in the works voids it when it is done", async () => {
    const request = anAuthorization();
    const fault = await simulator.fault("hang-after", "payment_intents$");
    const authorizing = payments().authorize(request);
    await fault.hit();
    const voiding = payments().void({ reference: request.reference });
    await expect(authorizing).rejects.toMatchObject({ reason: "PAYMENT_VOIDED" });
    await expect(voiding).resolves.toMatchObject({ state: State.VOIDED });
  });
});

describe("the number of a card", () => {
  test.each([
    ["reference", { reference: "4242424242424242" }],
    ["method_token", { methodToken: "4242-4242-4242-4242" }],
  ])("is refused in %s, and stored nowhere", async (field, change) => {
    const refused = payments().authorize({ ...anAuthorization(), ...change }, { idempotencyKey: `card-${field}` });
    const error = await refused.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "VALIDATION_ERROR", reason: "CARD_NUMBER_REFUSED", fieldErrors: { [field]: expect.anything() } });
    expect(JSON.stringify(error)).not.toMatch(/4242/);
    const { rows } = await postgres.query("select 1 from idempotency_keys where key = $1", [`card-${field}`]);
    expect(rows).toEqual([]);
  });

  test("is refused in a reason among other words, and in an id by REST", async () => {
    const reason = "customer gave 4000 0566 5566 5556 12/30";
    await expect(payments().refund({ id: "pay_1", reason })).rejects.toMatchObject({ reason: "CARD_NUMBER_REFUSED" });
    const headers = { "x-service-token": await harness.serviceToken("gateway", "payment") };
    const response = await fetch(`${harness.httpUrl("payment")}/api/v1/payment/intents/378282246310005`, { headers });
    expect(response.status).toBe(422);
    expect(await response.text()).not.toContain("378282246310005");
  });
});

describe("the ledger", () => {
  test("takes no transaction that is out of balance, and no change of what is in it", async () => {
    const { id } = await payments().authorize(anAuthorization({ provider: "manual" }));
    const unbalanced = async () => {
      await postgres.query("begin");
      await postgres.query(
        "insert into ledger_transactions (id, tenant_id, intent_id, kind, currency, at) values ('ltx_odd', 'default', $1, 'capture', 'EUR', now())",
        [id],
      );
      await postgres.query(
        "insert into ledger_postings (transaction_id, tenant_id, account, amount) values ('ltx_odd', 'default', 'held', 1)",
      );
      await postgres.query("commit");
    };
    await expect(unbalanced()).rejects.toThrow("out of balance");
    await postgres.query("rollback");
    await expect(postgres.query("update ledger_postings set amount = amount + 1")).rejects.toThrow("only added to");
    await expect(postgres.query("delete from ledger_transactions")).rejects.toThrow("only added to");
  });

  test("of all payments balances", async () => {
    const { rows } = await postgres.query("select sum(amount)::text as balance from ledger_postings");
    expect(rows).toEqual([{ balance: "0" }]);
  });
});

test("another tenant sees nothing of a payment", async () => {
  const { id } = await payments().authorize(anAuthorization());
  await expect(payments("acme").getIntent({ id })).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect((await payments("acme").listLedger({})).transactions).toEqual([]);
});

test("payments are listed page by page, newest first", async () => {
  const { intents, nextPageToken } = await payments().listIntents({ pageSize: 2, customerId: "cus_ada", state: State.VOIDED });
  expect(intents).toHaveLength(2);
  const next = await payments().listIntents({ pageSize: 2, customerId: "cus_ada", state: State.VOIDED, pageToken: nextPageToken });
  expect(next.intents.map(({ id }) => id)).not.toContain(intents[0]?.id);
});

test("events go out with what happened, each once", async () => {
  const { id } = await payments().authorize(anAuthorization());
  await payments().capture({ id, final: true });
  await payments().refund({ id });
  const { rows } = await postgres.query("select what from history where intent_id = $1 order by id", [id]);
  expect(rows.map(({ what }) => what)).toEqual(["asked", "authorized", "captured", "refunded"]);
});
