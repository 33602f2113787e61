import { randomBytes } from "node:crypto";

export type IntentStatus =
  | "requires_payment_method"
  | "requires_confirmation"
  | "requires_action"
  | "requires_capture"
  | "succeeded"
  | "canceled";

export interface PaymentIntent {
  readonly id: string;
  readonly created: number;
  readonly amount: number;
  readonly currency: string;
  readonly captureMethod: "automatic" | "manual";
  readonly wantsMulticapture: boolean;
  metadata: Record<string, string>;
  status: IntentStatus;
  paymentMethod: string | undefined;
  returnUrl: string | undefined;
  amountCapturable: number;
  amountReceived: number;
  lastError: Readonly<Record<string, unknown>> | null;
  charge: string | undefined;
  canceledAt: number | undefined;
}

export interface Charge {
  readonly id: string;
  readonly created: number;
  readonly paymentIntent: string;
  readonly amount: number;
  readonly currency: string;
  readonly multicapture: boolean;
  amountCaptured: number;
  amountRefunded: number;
}

export interface Refund {
  readonly id: string;
  readonly created: number;
  readonly charge: string;
  readonly paymentIntent: string;
  readonly amount: number;
  readonly currency: string;
  readonly metadata: Record<string, string>;
  status: "pending" | "succeeded" | "failed";
  /** Why it failed. */
  failureReason?: string;
}

/** One account at Stripe, in memory: newest last. */
export interface Account {
  readonly intents: Map<string, PaymentIntent>;
  readonly charges: Map<string, Charge>;
  readonly refunds: Map<string, Refund>;
  /** Tells of a change: `object` as it is shown now. */
  emit(type: string, object: object): void;
}

export function createAccount(emit: Account["emit"]): Account {
  return { intents: new Map(), charges: new Map(), refunds: new Map(), emit };
}

/** Puts into a new account what an earlier one held. */
export function fillAccount(
  { intents, charges, refunds }: Account,
  saved: { intents: readonly PaymentIntent[]; charges: readonly Charge[]; refunds: readonly Refund[] },
): void {
  for (const intent of saved.intents) intents.set(intent.id, intent);
  for (const charge of saved.charges) charges.set(charge.id, charge);
  for (const refund of saved.refunds) refunds.set(refund.id, refund);
}

/** `pi_3M0…`, as long as Stripe's. */
export function newId(prefix: string): string {
  const letters = randomBytes(40)
    .toString("base64")
    .replaceAll(/[^A-Za-z0-9]/g, "");
  return `${prefix}_${letters.slice(0, 24)}`;
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
