import { type PlinthError, unavailable } from "@plinth/kernel/base";
import type { Intent } from "./intent.ts";
import { type Observed, observe, observeVoided } from "./observe.ts";
import { isDoneIn, type Operation, refused, settled } from "./operation.ts";
import type { Books, Decision, PaymentStore } from "./payment-store.ts";
import { type Answer, type PaymentProvider, ProviderRefusal, type ProviderState } from "./provider.ts";

/** What the work on payments stands on. */
export interface PaymentPorts {
  readonly store: PaymentStore;
  readonly providers: ReadonlyMap<string, PaymentProvider>;
  now(): Date;
  /** How long a call belongs to whoever began it; longer than a provider may take. */
  leaseMs(): number;
}

/** An operation that is stored, and the payment it is for. */
export interface Undertaking {
  readonly operation: Operation;
  readonly intent: Intent;
}

/**
 * Makes the call of a stored operation, and notes what came of it. Where the provider does not answer it is asked what became of it; where it does
 * not say either, the operation stays pending for whoever comes next, and the caller is told so by PAYMENT_UNCERTAIN.
 */
export async function callProvider(ports: PaymentPorts, { operation, intent }: Undertaking): Promise<Intent> {
  const provider = providerOf(ports, intent.provider);
  let state: ProviderState;
  try {
    await closeReplaced(ports, operation);
    state = await send(provider, intent, operation);
  } catch (error) {
    if (error instanceof ProviderRefusal) return settleRefusal(ports, provider, intent, operation, error);
    const found = await ask(provider, intent, operation).catch(() => undefined);
    if (found === undefined || !isDoneIn(found, operation)) return giveUp(ports, operation, error);
    state = found;
  }
  return settle(ports, operation, state);
}

/**
 * What comes of an operation of a provider that asks nobody. Undefined: it is to be stored, and then called; so is what the provider refuses, since a
 * refusal is noted there.
 */
export function settleAtOnce(
  { providers, now }: PaymentPorts,
  books: Pick<Books, "intent" | "refunds">,
  operation: Operation,
): (Observed & { readonly operation: Operation }) | undefined {
  const provider = providers.get(books.intent.provider);
  if (provider?.asksNobody === undefined || operation.replaces !== "") return undefined;
  try {
    const state = send(provider, books.intent, operation);
    if (state instanceof Promise) throw new Error(`${provider.name} has a promise for an answer, though it asks nobody.`);
    return { ...observedIn(books, state, operation, now()), operation: settled(operation) };
  } catch (error) {
    if (error instanceof ProviderRefusal) return undefined;
    throw error;
  }
}

/** Takes up an operation whose caller died or gave up: first asks whether it was done, and else asks for it again under the same key. */
export async function resumeOperation(ports: PaymentPorts, undertaking: Undertaking): Promise<Intent> {
  const { operation, intent } = undertaking;
  let found: ProviderState | undefined;
  try {
    found = await ask(providerOf(ports, intent.provider), intent, operation);
  } catch (error) {
    return giveUp(ports, operation, error);
  }
  return found !== undefined && isDoneIn(found, operation) ? settle(ports, operation, found) : callProvider(ports, undertaking);
}

/** Throws SERVICE_UNAVAILABLE for a provider whose secret was taken away while payments by it are open. */
export function providerOf({ providers }: PaymentPorts, name: string): PaymentProvider {
  const provider = providers.get(name);
  if (provider === undefined) throw unavailable(`The payment provider ${name} is not set up.`, { reason: "PROVIDER_NOT_SET_UP" });
  return provider;
}

/**
 * Takes over what a provider says of a payment, outside of any call: a webhook led there. What it says of one that is void here may be an old word, so it is
 * asked once more; if there is still something of it, that is let go of by whoever takes up what is to be voided.
 */
export async function noteState(
  ports: PaymentPorts,
  intentId: string,
  isOurs: (books: Books) => boolean,
  ask: () => Promise<ProviderState | undefined>,
): Promise<void> {
  const state = await ask();
  if (state === undefined) return;
  const isVoid = await ports.store.change({ id: intentId }, undefined, (books): Decision<boolean> => {
    if (books === undefined || !isOurs(books)) return { result: false };
    if (books.intent.state === "voided") return { result: state.status !== "voided" };
    const { pending } = books;
    const done = pending !== undefined && pending.kind !== "confirm" && isDoneIn(state, pending);
    const observed = observedIn(books, state, pending, ports.now());
    return { result: false, changes: done ? { ...observed, operation: settled(pending) } : observed };
  });
  const again = isVoid ? await ask() : undefined;
  if (again === undefined || again.status === "voided") return;
  await ports.store.change({ id: intentId }, undefined, (books): Decision<void> => {
    if (books?.intent.state !== "voided") return { result: undefined };
    return { result: undefined, changes: observeVoided(books.intent, books.refunds, again, ports.now()) };
  });
}

/** A customer could still go on with a try that was declined. */
async function closeReplaced(ports: PaymentPorts, { id, replaces }: Operation): Promise<void> {
  const [name = "", declined = ""] = replaces.split("/");
  if (declined !== "") await providerOf(ports, name).close(declined, `${id}:close`);
}

function send(provider: PaymentProvider, intent: Intent, operation: Operation): Answer<ProviderState> {
  const { id, amount, final } = operation;
  if (operation.kind === "authorize") {
    return provider.authorize(
      {
        intentId: intent.id,
        tenantId: intent.tenantId,
        reference: intent.reference,
        amount: intent.amount,
        currency: intent.currency,
        methodToken: operation.methodToken,
        returnUrl: operation.returnUrl,
      },
      id,
    );
  }
  const { known } = intent;
  if (known === null) throw new Error(`Payment ${intent.id} is unknown to its provider: it cannot ${operation.kind}.`);
  switch (operation.kind) {
    case "confirm":
      return provider.confirm(known, id);
    case "capture":
      return provider.capture(known, amount, final, id);
    case "void":
      return provider.void(known, id);
    case "refund":
      return provider.refund(known, amount, id);
  }
}

function ask(provider: PaymentProvider, intent: Intent, operation: Operation): Promise<ProviderState | undefined> {
  if (intent.known === null) return provider.find(operation.id, operation.createdAt);
  return provider.read(intent.known, intent.known);
}

function settle(ports: PaymentPorts, operation: Operation, state: ProviderState): Promise<Intent> {
  return ports.store.change({ id: operation.intentId }, undefined, (books): Decision<Intent> => {
    const found = present(books);
    const observed = observedIn(found, state, operation, ports.now());
    // Somebody else may have settled it, and begun another one.
    const mine = found.pending?.id === operation.id;
    return { result: observed.intent, changes: mine ? { ...observed, operation: settled(operation) } : observed };
  });
}

async function settleRefusal(
  ports: PaymentPorts,
  provider: PaymentProvider,
  intent: Intent,
  operation: Operation,
  refusal: ProviderRefusal,
): Promise<Intent> {
  // It refuses what does not fit how things stand there, so that is read first. An authorization that was refused left nothing there.
  const state =
    operation.kind === "authorize"
      ? refusedAuthorization(refusal)
      : await provider.read(intent.known ?? { id: "" }, intent.known).catch((error: unknown) => giveUp(ports, operation, error));
  return ports.store.change({ id: operation.intentId }, undefined, (books): Decision<Intent> => {
    const found = present(books);
    const observed = observedIn(found, state, operation, ports.now());
    if (found.pending?.id !== operation.id) return { result: observed.intent, changes: observed };
    const done = operation.kind !== "authorize" && isDoneIn(state, operation);
    const note = done ? settled(operation) : refused(operation, refusal.code);
    return { result: observed.intent, changes: { ...observed, operation: note } };
  });
}

function refusedAuthorization({ code, message }: ProviderRefusal): ProviderState {
  const decline = { code, declineCode: "", message };
  return { id: "", status: "failed", authorized: 0n, captured: 0n, severalCaptures: false, nextActionUrl: "", decline, refunds: [] };
}

/** Nobody knows what became of it. Whoever comes next need not wait for the lease to end. */
async function giveUp(ports: PaymentPorts, operation: Operation, error: unknown): Promise<never> {
  await ports.store.change({ id: operation.intentId }, undefined, (books): Decision<void> => {
    const mine = books?.pending?.id === operation.id;
    return mine ? { result: undefined, changes: { operation: { ...operation, leaseUntil: ports.now() } } } : { result: undefined };
  });
  throw uncertain(operation, error);
}

function uncertain({ intentId, kind }: Operation, cause: unknown): PlinthError {
  return unavailable(`The provider does not say what became of the ${kind}. Repeat the call as it was: nothing is done twice.`, {
    reason: "PAYMENT_UNCERTAIN",
    metadata: { payment_id: intentId },
    retryAfterSeconds: 1,
    cause,
  });
}

function observedIn(books: Pick<Books, "intent" | "refunds">, state: ProviderState, operation: Operation | undefined, now: Date): Observed {
  const asked =
    operation?.kind === "refund"
      ? { operationId: operation.id, reason: operation.reason, reference: operation.refundReference }
      : undefined;
  return observe(books.intent, books.refunds, state, asked, now);
}

function present(books: Books | undefined): Books {
  if (books === undefined) throw new Error("A payment with an operation has gone.");
  return books;
}
