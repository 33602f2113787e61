import { setTimeout as delay } from "node:timers/promises";
import { conflict, newId, notFound, type PlinthError, runInContext, unavailable, validation } from "@plinth/kernel/base";
import { callProvider, type PaymentPorts, resumeOperation, settleAtOnce, type Undertaking } from "./call-provider.ts";
import { INTENT_MOVES, type Intent, isAtProvider, type Refund } from "./intent.ts";
import { captureOf, checkSame, newOperation, type Operation, type OperationRequest, refundOf } from "./operation.ts";
import type { Books, Changes, Decision, OperationName, PaymentName } from "./payment-store.ts";

export interface AuthorizePayment {
  readonly reference: string;
  readonly provider: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly methodToken: string;
  readonly customerId: string;
  readonly returnUrl: string;
  readonly fingerprint: string;
}

/** What can be done with payments; answers how they stand then. Each call may be repeated with the same key, and then does nothing twice. */
export interface Payments {
  authorize(request: AuthorizePayment): Promise<Books>;
  confirm(name: PaymentName): Promise<Books>;
  capture(
    name: PaymentName,
    request: { key: string; amount: bigint | undefined; currency: string | undefined; final: boolean },
  ): Promise<Books>;
  void(name: PaymentName): Promise<Books>;
  refund(
    name: PaymentName,
    request: { key: string; amount: bigint | undefined; currency: string | undefined; reason: string; refundReference: string },
  ): Promise<Books>;
  /** Finishes what dead processes left; answers how many payments it worked on. */
  resumeAbandoned(): Promise<number>;
}

type Step =
  | ({ readonly kind: "call" | "resume" } & Undertaking)
  | { readonly kind: "done"; readonly intent: Intent }
  | { readonly kind: "settled"; readonly books: Books }
  | { readonly kind: "busy"; readonly intent: Intent };

/** How a payment stands after a step; the books where they are known by it. */
interface Outcome {
  readonly intent: Intent;
  readonly books?: Books;
}

/** How long a call waits for another one on the same payment. */
const PATIENCE_MS = 2000;
const LOOK_AGAIN_MS = 25;
const ABANDONED_AT_ONCE = 50;

export function createPayments(ports: PaymentPorts): Payments {
  const { store, providers, now } = ports;

  /** Does one thing with a payment, after whatever is under way with it. */
  async function carryOut(
    name: PaymentName,
    same: OperationName | undefined,
    decide: (books: Books | undefined, tenantId: string) => Decision<Step>,
    whenBusy: (intent: Intent) => Changes = () => ({}),
  ): Promise<Outcome> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      const step = await store.change(name, same, (books, tenantId) =>
        books?.pending === undefined ? decide(books, tenantId) : takeTurn(books.intent, books.pending, whenBusy),
      );
      if (step.kind === "done") return step;
      if (step.kind === "settled" && !step.books.intent.voidWanted) return { intent: step.books.intent, books: step.books };
      if (step.kind === "settled") return { intent: await afterwards(step.books.intent) };
      if (step.kind === "call") return { intent: await afterwards(await callProvider(ports, step)) };
      if (step.kind === "resume") await afterwards(await resumeOperation(ports, step));
      else if (performance.now() > giveUpAt) throw busy(step.intent);
      else await delay(LOOK_AGAIN_MS);
    }
  }

  function takeTurn(intent: Intent, pending: Operation, whenBusy: (intent: Intent) => Changes): Decision<Step> {
    if (pending.leaseUntil > now()) return { result: { kind: "busy", intent }, changes: whenBusy(intent) };
    const operation = { ...pending, leaseUntil: new Date(now().getTime() + ports.leaseMs()) };
    return { result: { kind: "resume", intent, operation }, changes: { operation } };
  }

  function begin(intent: Intent, refunds: readonly Refund[], request: OperationRequest, changes: Changes = {}): Decision<Step> {
    const operation = newOperation(intent, request, now(), ports.leaseMs());
    const settled = settleAtOnce(ports, { intent, refunds }, operation);
    if (settled === undefined) return { result: { kind: "call", intent, operation }, changes: { ...changes, operation } };
    const all = new Map([...refunds, ...settled.refunds].map((refund) => [refund.id, refund]));
    const books = { intent: settled.intent, refunds: [...all.values()], pending: undefined, same: settled.operation };
    const happenings = [...(changes.happenings ?? []), ...settled.happenings];
    return { result: { kind: "settled", books }, changes: { ...settled, happenings } };
  }

  /** Nothing of it may stay. */
  async function afterwards(intent: Intent): Promise<Intent> {
    if (!intent.voidWanted) return intent;
    const { id, captured } = intent;
    if (captured === 0n) return voidPayment({ id });
    return (
      await refund({ id }, { key: `void-${id}`, amount: undefined, currency: undefined, reason: "It was void.", refundReference: "" })
    ).intent;
  }

  async function authorize(request: AuthorizePayment): Promise<Books> {
    const provider = providers.get(request.provider);
    if (provider === undefined) {
      throw validation({ provider: `must be one that is set up: ${[...providers.keys()].join(", ")}` }, { reason: "PROVIDER_NOT_SET_UP" });
    }
    provider.check(request.amount, request.currency);
    const { methodToken, returnUrl, ...asked } = request;
    const call = { kind: "authorize", methodToken, returnUrl } as const;
    const { intent, books: settled } = await carryOut({ reference: request.reference }, undefined, (books, tenantId) => {
      const at = now();
      if (books === undefined) {
        const opened: Intent = { ...emptyIntent(tenantId, request.reference, at), ...asked, state: "authorizing" };
        return begin(
          opened,
          [],
          { ...call, key: newId("key") },
          { intent: opened, happenings: [{ what: "asked", amount: request.amount }] },
        );
      }
      const { intent: found } = books;
      if (found.fingerprint === request.fingerprint || found.state === "voided") return done(found);
      if (found.state !== "failed") throw exists(found);
      const state = INTENT_MOVES.next(found.state, "try again", found);
      const again: Intent = { ...found, ...asked, state, known: null, updatedAt: at };
      return begin(
        again,
        books.refunds,
        { ...call, key: newId("key"), replaces: isAtProvider(found) ? `${found.provider}/${found.known?.id}` : "" },
        { intent: again, happenings: [{ what: "asked", amount: request.amount }] },
      );
    });
    if (intent.state === "voided") throw voided(intent);
    return settled ?? after(unlessDeclined(intent));
  }

  async function confirm(name: PaymentName): Promise<Books> {
    const { intent, books: settled } = await carryOut(name, undefined, (books) => {
      const { intent: found, refunds } = known(books, name);
      if (found.state === "authorized" || found.state === "captured" || found.state === "failed") return done(found);
      INTENT_MOVES.next(found.state, "confirm", found);
      return begin(found, refunds, { kind: "confirm", key: newId("key") });
    });
    return settled ?? after(unlessDeclined(intent));
  }

  async function capture(name: PaymentName, { key, amount, currency, final }: Parameters<Payments["capture"]>[1]): Promise<Books> {
    const capturing = { kind: "capture", key } as const;
    const { intent, books: settled } = await carryOut(name, capturing, (books) => {
      const { intent: found, refunds, same } = known(books, name);
      checkCurrency(found, currency);
      if (same !== undefined) return repeated(found, same, amount);
      return begin(found, refunds, { ...capturing, ...captureOf(found, amount, final) });
    });
    return settled ?? after(intent, capturing);
  }

  async function voidPayment(name: PaymentName): Promise<Intent> {
    const decide = (books: Books | undefined, tenantId: string): Decision<Step> => {
      const at = now();
      if (books === undefined && "reference" in name) {
        const intent: Intent = { ...emptyIntent(tenantId, name.reference, at), state: "voided" };
        return { result: { kind: "done", intent }, changes: { intent, happenings: [{ what: "voided", amount: 0n }] } };
      }
      const { intent, refunds } = known(books, name);
      // A part was charged, and the rest is let go of already: perhaps by this very call, whose answer was lost.
      const isReleased = intent.state === "captured" && intent.captured < intent.amount;
      if (intent.state === "voided" || isReleased) return done(intent);
      if (intent.state === "failed" && !isAtProvider(intent)) {
        const closed = { ...intent, state: INTENT_MOVES.next(intent.state, "void", intent), updatedAt: at };
        return { result: { kind: "done", intent: closed }, changes: { intent: closed, happenings: [{ what: "voided", amount: 0n }] } };
      }
      INTENT_MOVES.next(intent.state, intent.captured > 0n ? "release" : "void", intent);
      return begin(intent, refunds, { kind: "void", key: newId("key") });
    };
    const whenBusy = (intent: Intent): Changes =>
      intent.voidWanted || intent.captured > 0n ? {} : { intent: { ...intent, voidWanted: true } };
    const { intent } = await carryOut(name, undefined, decide, whenBusy);
    if (intent.state !== "voided" && intent.state !== "captured") throw notDone(intent, "void");
    return intent;
  }

  async function refund(name: PaymentName, request: Parameters<Payments["refund"]>[1]): Promise<Books> {
    const { key, amount, currency, reason, refundReference } = request;
    const refunding = { kind: "refund", key } as const;
    if (amount === undefined) {
      const books = await store.findBooks(name);
      // What is only held is let go of first.
      const open = books === undefined || !["voided", "captured"].includes(books.intent.state);
      const intent = open ? await voidPayment(name) : books.intent;
      if (intent.captured === intent.refunded && books?.pending === undefined) return after(intent);
    }
    const { intent, books: settled } = await carryOut(name, refunding, (books) => {
      const { intent: found, refunds, same } = known(books, name);
      checkCurrency(found, currency);
      if (same !== undefined) return repeated(found, same, amount);
      if (amount === undefined && found.captured === found.refunded) return done(found);
      return begin(found, refunds, { ...refunding, amount: refundOf(found, amount), reason, refundReference });
    });
    return settled ?? after(intent, refunding);
  }

  /** How the payment stands after a call. Throws CONFLICT, reason PAYMENT_REFUSED, where the provider's word on this very operation was no. */
  async function after({ id }: Intent, operation?: OperationName): Promise<Books> {
    const books = known(await store.findBooks({ id }, operation), { id });
    const { intent, same } = books;
    if (same?.status === "refused") throw refusedBy(intent, same.kind, same.refusal);
    return books;
  }

  async function resumeAbandoned(): Promise<number> {
    const abandoned = await store.listAbandoned(now(), ABANDONED_AT_ONCE);
    for (const { intentId, tenantId } of abandoned) {
      const work = () =>
        carryOut({ id: intentId }, undefined, (books) => done(known(books, { id: intentId }).intent)).then(({ intent }) =>
          afterwards(intent),
        );
      const signal = new AbortController().signal;
      // One that cannot be settled now must not hold up the others; it comes again.
      await runInContext({ requestId: newId("req"), traceId: "", module: "payment", tenantId, signal }, work).catch(() => undefined);
    }
    return abandoned.length;
  }

  return { authorize, confirm, capture, void: async (name) => after(await voidPayment(name)), refund, resumeAbandoned };
}

function emptyIntent(tenantId: string, reference: string, now: Date): Omit<Intent, "state"> {
  const amounts = { amount: 0n, authorized: 0n, captured: 0n, refunded: 0n };
  const names = { id: newId("pay"), tenantId, reference, provider: "", currency: "", customerId: "", fingerprint: "" };
  return { ...names, ...amounts, known: null, voidWanted: false, createdAt: now, updatedAt: now };
}

function done(intent: Intent): Decision<Step> {
  return { result: { kind: "done", intent } };
}

function repeated(intent: Intent, operation: Operation, amount: bigint | undefined): Decision<Step> {
  checkSame(operation, { amount });
  return done(intent);
}

function known(books: Books | undefined, name: PaymentName): Books {
  if (books !== undefined) return books;
  throw notFound("There is no such payment.", { reason: "PAYMENT_NOT_FOUND", metadata: { ...name } });
}

function checkCurrency(intent: Intent, currency: string | undefined): void {
  if (currency === undefined || currency === intent.currency) return;
  throw validation({ "amount.currency": `must be ${intent.currency}, as the payment is` });
}

function unlessDeclined(intent: Intent): Intent {
  if (intent.state !== "failed") return intent;
  const { code = "declined", declineCode = "", message = "The payment was declined." } = intent.known?.decline ?? {};
  throw conflict(message, {
    reason: "PAYMENT_DECLINED",
    metadata: { payment_id: intent.id, code, ...(declineCode === "" ? {} : { decline_code: declineCode }) },
  });
}

function exists(intent: Intent): PlinthError {
  return conflict(`There is a payment ${intent.reference} already, made by another request.`, {
    reason: "PAYMENT_EXISTS",
    metadata: { payment_id: intent.id, state: intent.state },
  });
}

function voided(intent: Intent): PlinthError {
  return conflict(`Payment ${intent.reference} is void, and stays so.`, { reason: "PAYMENT_VOIDED", metadata: { payment_id: intent.id } });
}

function refusedBy(intent: Intent, kind: string, code: string): PlinthError {
  return conflict(`The provider refused the ${kind}: ${code}.`, {
    reason: "PAYMENT_REFUSED",
    metadata: { payment_id: intent.id, code, state: intent.state },
  });
}

function notDone(intent: Intent, kind: string): PlinthError {
  return conflict(`The provider refused the ${kind}.`, {
    reason: "PAYMENT_REFUSED",
    metadata: { payment_id: intent.id, state: intent.state },
  });
}

function busy(intent: Intent): PlinthError {
  return unavailable("Another call works on this payment.", {
    reason: "PAYMENT_BUSY",
    metadata: { payment_id: intent.id },
    retryAfterSeconds: 1,
  });
}
