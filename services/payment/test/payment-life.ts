import { setTimeout as delay } from "node:timers/promises";
import { expect } from "@jest/globals";
import { PlinthError } from "@plinth/kernel/base";
import type { Client } from "@plinth/kernel/client";
import { type PaymentIntent, type PaymentService, State } from "@plinth/proto/payment/v1/payment_pb";
import type { Amounts, KilledPayments } from "./killed-payments.ts";

/** One payment from its first call to its last, as an honest client makes them: whoever got no answer repeats the call as it was. */
export interface Life {
  readonly reference: string;
  readonly random: () => number;
  readonly payments: KilledPayments;
  /** How it stands after each call, by the answers. */
  expect(amounts: Amounts): void;
}

type Call = (client: Client<typeof PaymentService>) => Promise<PaymentIntent>;

const METHODS = [
  ...Array.from({ length: 6 }, () => "pm_card_visa"),
  "pm_card_threeDSecure2Required",
  "pm_card_chargeDeclined",
  "pm_simulator_singleCapture",
  "pm_card_pendingRefund",
];
const TIMEOUT_MS = 5000;
const euros = (amount: bigint) => ({ amount, currency: "EUR" });

export async function live(life: Life): Promise<void> {
  const { reference, random } = life;
  const amount = BigInt(100 + Math.floor(random() * 9900));
  const method = METHODS[Math.floor(random() * METHODS.length)] as string;
  if (random() < 0.1) return await voidedMeanwhile(life, amount);
  let intent = await authorized(life, amount, method);
  if (method === "pm_card_chargeDeclined") {
    expect(intent).toBeUndefined();
    life.expect({ held: 0n, charged: 0n, refunded: 0n });
    if (random() < 0.5) return;
    intent = await authorized(life, amount, "pm_card_visa");
  }
  if (intent?.state === State.REQUIRES_ACTION) intent = await authenticated(life, intent);
  if (intent === undefined) return;
  expect(intent).toMatchObject({ state: State.AUTHORIZED, authorized: euros(amount), captured: euros(0n) });
  life.expect({ held: amount, charged: 0n, refunded: 0n });
  if (random() < 0.25) {
    await asked(life, (client) => client.void({ reference }, { timeoutMs: TIMEOUT_MS }));
    life.expect({ held: 0n, charged: 0n, refunded: 0n });
    return;
  }
  const charged = await captured(life, amount, method !== "pm_simulator_singleCapture");
  await refunded(life, charged);
}

/** Repeats a call until it is answered; now and then two make it at once, and now and then it is made again afterwards. */
async function asked({ payments, random }: Life, call: Call): Promise<PaymentIntent> {
  const twice = random() < 0.25;
  const again = random() < 0.25;
  const [answer] = await Promise.all([payments.untilAnswered(call), ...(twice ? [payments.untilAnswered(call)] : [])]);
  return again ? await payments.untilAnswered(call) : answer;
}

function authorization(reference: string, amount: bigint, methodToken: string): Call {
  const request = { reference, provider: "stripe", amount: euros(amount), methodToken, returnUrl: "https://shop.example/back" };
  return (client) => client.authorize(request, { idempotencyKey: `${reference}-${methodToken}`, timeoutMs: TIMEOUT_MS });
}

/** Undefined for a decline. */
function authorized(life: Life, amount: bigint, method: string): Promise<PaymentIntent | undefined> {
  return asked(life, authorization(life.reference, amount, method)).catch((error: unknown) => {
    if (error instanceof PlinthError && error.reason === "PAYMENT_DECLINED") return undefined;
    throw error;
  });
}

/** The customer says yes or no at the bank; then somebody confirms, or a webhook tells. Undefined for a no. */
async function authenticated({ payments, reference, random, expect: expectAmounts }: Life, intent: PaymentIntent) {
  const isYes = random() < 0.7;
  await payments.simulator.control("POST", `3ds/${intent.providerId}`, { outcome: isYes ? "success" : "failure" });
  expectAmounts({ held: 0n, charged: 0n, refunded: 0n });
  const confirmed =
    random() < 0.5
      ? payments.untilAnswered((client) => client.confirmIntent({ reference }, { timeoutMs: TIMEOUT_MS }))
      : untilTold(payments, reference);
  const answer = await confirmed.catch((error: unknown) => {
    if (error instanceof PlinthError && error.reason === "PAYMENT_DECLINED") return undefined;
    throw error;
  });
  if (isYes) return answer;
  expect(answer === undefined || answer.state === State.FAILED).toBe(true);
  return undefined;
}

async function untilTold(payments: KilledPayments, reference: string): Promise<PaymentIntent> {
  for (;;) {
    const intent = await payments.untilAnswered((client) => client.getIntent({ reference }, { timeoutMs: TIMEOUT_MS }));
    if (intent.state !== State.REQUIRES_ACTION) return intent;
    await delay(50);
  }
}

/** Whole or in parts; answers what was charged. */
async function captured(life: Life, amount: bigint, inParts: boolean): Promise<bigint> {
  const { reference, random } = life;
  const capture = (part: bigint | undefined, final: boolean, number: number): Call => {
    const request = { reference, final, ...(part === undefined ? {} : { amount: euros(part) }) };
    return (client) => client.capture(request, { idempotencyKey: `${reference}-capture-${number}`, timeoutMs: TIMEOUT_MS });
  };
  if (!inParts || random() < 0.5) {
    expect(await asked(life, capture(undefined, true, 0))).toMatchObject({ captured: euros(amount) });
    life.expect({ held: 0n, charged: amount, refunded: 0n });
    return amount;
  }
  let charged = 0n;
  for (let number = 0; number < 3; number++) {
    const part = 1n + (amount - charged) / 4n;
    const final = number === 2;
    charged += part;
    expect(await asked(life, capture(part, final, number))).toMatchObject({ captured: euros(charged) });
    life.expect({ held: final ? 0n : amount - charged, charged, refunded: 0n });
    if (!final && random() < 0.2) {
      await asked(life, (client) => client.void({ reference }, { timeoutMs: TIMEOUT_MS }));
      life.expect({ held: 0n, charged, refunded: 0n });
      return charged;
    }
  }
  return charged;
}

async function refunded(life: Life, charged: bigint): Promise<void> {
  const { reference, random, payments } = life;
  let given = 0n;
  for (let number = 0; number < 2 && random() < 0.6; number++) {
    const part = (charged - given) / 3n;
    if (part === 0n) return;
    const key = `${reference}-refund-${number}`;
    const refund =
      (amount: bigint): Call =>
      (client) =>
        client.refund({ reference, amount: euros(amount), reason: "broken" }, { idempotencyKey: key, timeoutMs: TIMEOUT_MS });
    given += part;
    expect(await asked(life, refund(part))).toMatchObject({ refunded: euros(given) });
    life.expect({ held: 0n, charged, refunded: given });
    if (random() < 0.3) {
      await expect(payments.untilAnswered(refund(part + 1n))).rejects.toMatchObject({ reason: "IDEMPOTENCY_CONFLICT" });
    }
  }
  if (random() < 0.5) return;
  // All that is left, by no amount.
  const rest: Call = (client) => client.refund({ reference }, { idempotencyKey: `${reference}-refund-all`, timeoutMs: TIMEOUT_MS });
  expect(await asked(life, rest)).toMatchObject({ refunded: euros(charged) });
  life.expect({ held: 0n, charged, refunded: charged });
}

/** A void and the authorization that it is for, at once: whichever came first, nothing is held in the end. */
async function voidedMeanwhile({ reference, payments, expect: expectAmounts }: Life, amount: bigint): Promise<void> {
  expectAmounts({ held: 0n, charged: 0n, refunded: 0n });
  const [authorizing, voiding] = await Promise.allSettled([
    payments.untilAnswered(authorization(reference, amount, "pm_card_visa")),
    payments.untilAnswered((client) => client.void({ reference }, { timeoutMs: TIMEOUT_MS })),
  ]);
  if (authorizing.status === "rejected") expect(authorizing.reason).toMatchObject({ reason: "PAYMENT_VOIDED" });
  if (voiding.status === "rejected") throw voiding.reason;
  expect(voiding.value).toMatchObject({ state: State.VOIDED });
}
