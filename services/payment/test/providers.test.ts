import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type PaymentProvider, ProviderRefusal } from "../src/domain/provider.ts";
import { manualProvider } from "../src/providers/manual-provider.ts";
import { createStripeProvider } from "../src/providers/stripe-provider.ts";
import { anAuthorization, providerContract } from "./provider-contract.ts";
import { type SimulatorProcess, startSimulatorProcess } from "./simulator.ts";

let simulator: SimulatorProcess;
let stripe: PaymentProvider;

beforeAll(async () => {
  simulator = await startSimulatorProcess();
  stripe = createStripeProvider({ url: simulator.url, secretKey: "sk_test_simulator", timeoutMs: 500 });
});
afterAll(() => simulator.stop());

providerContract("manual", () => manualProvider);
providerContract("stripe", () => stripe);

describe("stripe", () => {
  test("does the same operation once", async () => {
    const before = await simulator.sums();
    const first = await stripe.authorize(anAuthorization(), "pop_once");
    expect(await stripe.authorize(anAuthorization(), "pop_once")).toEqual(first);
    const captured = await stripe.capture(first, 4000n, false, "pop_capture");
    expect(await stripe.capture(first, 4000n, false, "pop_capture")).toEqual(captured);
    await stripe.refund(captured, 1000n, "pop_refund");
    expect((await stripe.refund(captured, 1000n, "pop_refund")).refunds).toHaveLength(1);
    expect(await simulator.sums()).toEqual({
      payment_intents: before.payment_intents + 1,
      refunds: before.refunds + 1,
      held: before.held + 6000,
      captured: before.captured + 4000,
      refunded: before.refunded + 1000,
    });
  });

  test.each([
    ["pm_card_chargeDeclined", "card_declined", "generic_decline"],
    ["pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"],
    ["pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"],
  ])("tells a decline of %s as a state", async (methodToken, code, declineCode) => {
    const state = await stripe.authorize(anAuthorization({ methodToken }), randomUUID());
    expect(state).toMatchObject({ status: "failed", authorized: 0n, decline: { code, declineCode } });
  });

  test("waits for the customer of a 3-D Secure card, and knows the answer", async () => {
    const asked = () => stripe.authorize(anAuthorization({ methodToken: "pm_card_threeDSecure2Required" }), randomUUID());
    const [good, bad] = [await asked(), await asked()];
    expect(good).toMatchObject({ status: "requires_action", nextActionUrl: `${simulator.url}/simulator/3ds/${good.id}` });
    expect(await stripe.confirm(good, randomUUID())).toMatchObject({ status: "requires_action" });
    await simulator.control("POST", `3ds/${good.id}`, { outcome: "success" });
    await simulator.control("POST", `3ds/${bad.id}`, { outcome: "failure" });
    expect(await stripe.confirm(good, randomUUID())).toMatchObject({ status: "authorized", authorized: 10_000n });
    expect(await stripe.confirm(bad, randomUUID())).toMatchObject({
      status: "failed",
      decline: { code: "payment_intent_authentication_failure" },
    });
  });

  test("captures once where it can do so once only", async () => {
    const state = await stripe.authorize(anAuthorization({ methodToken: "pm_simulator_singleCapture" }), randomUUID());
    expect(state).toMatchObject({ status: "authorized", severalCaptures: false });
    expect(await stripe.capture(state, 1n, true, randomUUID())).toMatchObject({ status: "captured", authorized: 1n, captured: 1n });
  });

  test("refuses a token that it does not know", async () => {
    const refused = stripe.authorize(anAuthorization({ methodToken: "pm_unknown" }), randomUUID());
    await expect(refused).rejects.toMatchObject({ name: "ProviderRefusal", code: "resource_missing" });
  });

  test.each(["drop-before", "drop-after", "hang-after", "error-after", "error-before"])(
    "does not take %s for a refusal, and finds what became of it",
    async (kind) => {
      const since = new Date();
      const operation = `pop_${kind}`;
      // A connection that breaks is tried once more by Stripe's own client.
      await simulator.fault(kind, "payment_intents$", kind.startsWith("drop") ? 2 : 1);
      const authorize = async () => stripe.authorize(anAuthorization(), operation);
      const lost = await authorize().catch((error: unknown) => error);
      expect(lost).toBeInstanceOf(Error);
      expect(lost).not.toBeInstanceOf(ProviderRefusal);
      const found = await stripe.find(operation, since);
      if (kind.endsWith("after")) expect(found).toMatchObject({ status: "authorized", authorized: 10_000n });
      else expect(found).toBeUndefined();
      expect(await stripe.authorize(anAuthorization(), operation)).toMatchObject({ status: "authorized", ...(found && { id: found.id }) });
    },
  );

  test.each([
    ["JPY", 1200n],
    ["ISK", 1200n],
    ["KWD", 12_340n],
  ])("carries %s", async (currency, amount) => {
    const state = await stripe.authorize(anAuthorization({ currency, amount }), randomUUID());
    expect(state.authorized).toBe(amount);
    expect(await stripe.capture(state, amount, true, randomUUID())).toMatchObject({ captured: amount, status: "captured" });
  });

  test.each([
    ["KWD", 12_341n],
    ["EUR", 100_000_000n],
    ["ISK", 1_000_000n],
  ])("cannot carry %s %s", (currency, amount) => {
    expect(() => stripe.check(amount, currency)).toThrow(expect.objectContaining({ code: "VALIDATION_ERROR" }));
  });
});
