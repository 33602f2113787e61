import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { manualProvider } from "../providers/manual-provider.ts";
import {
  authorizedStatus,
  capturable,
  chargedStatus,
  INTENT_MOVES,
  type Intent,
  type IntentMove,
  type IntentState,
  type Refund,
} from "./intent.ts";
import { balances, type LedgerEntry } from "./ledger.ts";
import { observe } from "./observe.ts";
import { captureOf, refundOf } from "./operation.ts";
import type { ProviderState } from "./provider.ts";

const NOW = new Date("2026-01-02T03:04:05Z");

const anIntent = (change: Partial<Intent> = {}): Intent => ({
  id: "pay_1",
  tenantId: "default",
  reference: "ord_1",
  provider: "manual",
  state: "authorizing",
  currency: "EUR",
  amount: 1000n,
  authorized: 0n,
  captured: 0n,
  refunded: 0n,
  customerId: "",
  fingerprint: "",
  known: null,
  voidWanted: false,
  createdAt: NOW,
  updatedAt: NOW,
  ...change,
});

const aState = (change: Partial<ProviderState> = {}): ProviderState => ({
  id: "pi_1",
  status: "authorized",
  authorized: 1000n,
  captured: 0n,
  severalCaptures: true,
  nextActionUrl: "",
  decline: undefined,
  refunds: [],
  ...change,
});

describe("the states of a payment", () => {
  const allowed: Record<IntentState, IntentMove[]> = {
    authorizing: ["authorize", "require action", "fail", "void"],
    requires_action: ["confirm", "authorize", "fail", "void"],
    authorized: ["capture", "close", "void", "release"],
    captured: [],
    voided: [],
    failed: ["try again", "authorize", "void"],
  };
  test.each(Object.entries(allowed))("%s allows %p", (state, moves) => {
    expect(INTENT_MOVES.allowed(state as IntentState, anIntent())).toEqual(moves);
  });

  test("one that was charged can be refunded and not voided", () => {
    const charged = anIntent({ captured: 1n });
    expect(INTENT_MOVES.allowed("authorized", charged)).toEqual(["capture", "close", "release", "refund"]);
    expect(INTENT_MOVES.allowed("captured", charged)).toEqual(["refund"]);
    expect(() => INTENT_MOVES.next("authorized", "void", charged)).toThrow(expect.objectContaining({ reason: "PAYMENT_STATUS" }));
  });

  test.each([
    [0n, "none"],
    [999n, "partial"],
    [1000n, "full"],
  ])("%s of 1000 authorized is %s", (authorized, status) => expect(authorizedStatus(anIntent({ authorized }))).toBe(status));

  test.each([
    [0n, 0n, "none"],
    [999n, 0n, "partial"],
    [1000n, 0n, "full"],
    [1001n, 0n, "over"],
    [1000n, 1n, "partial"],
    [1000n, 1000n, "none"],
  ])("%s charged and %s given back of 1000 is %s", (captured, refunded, status) => {
    expect(chargedStatus(anIntent({ captured, refunded }))).toBe(status);
  });
});

describe("the word of a provider", () => {
  test("changes nothing when it comes again, or is older than what is known", () => {
    const held = observe(anIntent(), [], aState(), undefined, NOW).intent;
    const charged = observe(held, [], aState({ captured: 400n }), undefined, NOW).intent;
    const voided = observe(held, [], aState({ status: "voided", authorized: 0n }), undefined, NOW).intent;
    for (const [intent, old] of [
      [held, aState({ status: "requires_action", authorized: 0n })],
      [charged, aState()],
      [charged, aState({ captured: 400n })],
      [voided, aState()],
    ] as const) {
      const again = observe(intent, [], old, undefined, NOW);
      expect(again).toMatchObject({ ledger: [], happenings: [], refunds: [] });
      expect({ ...again.intent, known: intent.known }).toEqual(intent);
    }
  });

  test("is believed where it holds money after all", () => {
    expect(observe(anIntent({ state: "failed" }), [], aState(), undefined, NOW).intent).toMatchObject({
      state: "authorized",
      authorized: 1000n,
    });
  });

  test("of a refund that failed takes it back, once", () => {
    const charged = observe(anIntent(), [], aState({ status: "captured", captured: 1000n }), undefined, NOW).intent;
    const told = (status: "pending" | "succeeded" | "failed") =>
      aState({ status: "captured", captured: 1000n, refunds: [{ id: "re_1", amount: 300n, status, operationId: undefined }] });
    const given = observe(charged, [], told("succeeded"), undefined, NOW);
    expect(given).toMatchObject({ intent: { refunded: 300n }, happenings: [{ what: "refunded" }] });
    const failed = observe(given.intent, given.refunds, told("failed"), undefined, NOW);
    expect(failed).toMatchObject({ intent: { refunded: 0n }, happenings: [{ what: "refund failed" }] });
    expect(observe(failed.intent, failed.refunds, told("succeeded"), undefined, NOW)).toMatchObject({
      intent: { refunded: 0n },
      ledger: [],
    });
    expect(balances([...given.ledger, ...failed.ledger])).toEqual({ customer: 0n, held: 0n, charged: 0n });
  });
});

test("in any order of captures and refunds no more is charged than held, no more given back than charged, and the ledger ends at zero", async () => {
  const step = fc.record({ what: fc.constantFrom("capture", "refund"), share: fc.integer({ min: 1, max: 120 }), final: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.bigInt({ min: 1n, max: 10n ** 12n }), fc.array(step, { maxLength: 25 }), async (amount, steps) => {
      let intent = anIntent({ amount });
      let refunds: readonly Refund[] = [];
      let operations = 0;
      const ledger: LedgerEntry[] = [];
      const note = (state: ProviderState): void => {
        const seen = observe(intent, refunds, state, undefined, NOW);
        refunds = [...refunds.filter(({ id }) => !seen.refunds.some((changed) => changed.id === id)), ...seen.refunds];
        intent = seen.intent;
        ledger.push(...seen.ledger);
        const { customer, held, charged } = balances(ledger);
        expect(customer + held + charged).toBe(0n);
        expect([held, charged]).toEqual([intent.authorized - intent.captured, intent.captured - intent.refunded]);
        expect(intent.captured <= intent.authorized && intent.authorized <= amount && intent.refunded <= intent.captured).toBe(true);
      };
      const wanted = { intentId: "", tenantId: "", reference: "", currency: "EUR", methodToken: "", returnUrl: "", amount };
      note(await manualProvider.authorize(wanted, `op_${++operations}`));
      for (const { what, share, final } of steps) {
        const known = intent.known as ProviderState;
        const available = what === "capture" ? capturable(intent) : intent.captured - intent.refunded;
        const part = (available * BigInt(share)) / 100n || 1n;
        try {
          if (what === "capture") {
            const capture = captureOf(intent, part, final);
            note(await manualProvider.capture(known, capture.amount, capture.final, `op_${++operations}`));
          } else note(await manualProvider.refund(known, refundOf(intent, part), `op_${++operations}`));
        } catch (error) {
          expect(error).toMatchObject({ code: "CONFLICT" });
          expect(part > available || available === 0n).toBe(true);
        }
      }
      if (intent.state === "authorized") note(await manualProvider.void(intent.known as ProviderState, "op_void"));
      if (intent.captured > intent.refunded) {
        note(await manualProvider.refund(intent.known as ProviderState, refundOf(intent, undefined), "op_rest"));
      }
      expect(balances(ledger)).toEqual({ customer: 0n, held: 0n, charged: 0n });
    }),
  );
});
