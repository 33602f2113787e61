import { badRequest, PlinthError, runInContext, unauthorized, unavailable } from "@plinth/kernel/base";
import { type RawHandler, readBody } from "@plinth/kernel/http";
import { noteState, type PaymentPorts, providerOf } from "../domain/call-provider.ts";
import { ProviderRefusal } from "../domain/provider.ts";
import { isSigned } from "./stripe-signature.ts";

const LARGEST_EVENT_BYTES = 256 * 1024;
const PROVIDER = "stripe";
/** What ids and types look like, Stripe's and ours; anything else names nothing that we know. */
const NAME = /^[\w.-]{1,128}$/;

/** What is read of an event; the rest is hearsay, and never stored: how the payment stands is asked of Stripe. */
interface Hint {
  readonly id: string;
  readonly type: string;
  /** `pi_…` */
  readonly paymentIntent: string;
  readonly operationId: string;
  readonly paymentId: string;
  readonly tenantId: string;
}

/**
 * Hears Stripe's webhooks. Each event is a hint that something happened to a payment, which is then read whole, so it does not matter in what order
 * events come, or how often. It counts as heard once its effect is stored: Stripe sends it again until it gets its answer.
 */
export function stripeWebhook(ports: PaymentPorts, secret: () => string | undefined): RawHandler {
  return async (request, response, context) => {
    const body = await new Promise<Buffer>((resolve, reject) => {
      readBody(request, LARGEST_EVENT_BYTES, (error, read) => (error === undefined ? resolve(read) : reject(error)));
    });
    const signedWith = secret();
    if (signedWith === undefined || !isSigned(body, request.get("stripe-signature") ?? "", signedWith, ports.now())) {
      throw unauthorized("The signature does not fit.", { reason: "INVALID_SIGNATURE" });
    }
    const hint = hintOf(body);
    // Stripe goes away after a while; what was begun is finished.
    await runInContext({ ...context, signal: new AbortController().signal, deadline: undefined }, () => hear(ports, hint));
    response.json({ received: true });
  };
}

async function hear(ports: PaymentPorts, hint: Hint): Promise<void> {
  const { store } = ports;
  if (await store.isEventSeen(PROVIDER, hint.id)) return;
  if (hint.paymentIntent !== "") await follow(ports, hint);
  await store.noteEvent(PROVIDER, hint.id, hint.type);
}

async function follow(ports: PaymentPorts, { paymentIntent, operationId, paymentId, tenantId }: Hint): Promise<void> {
  const found = await ports.store.findByProviderId(PROVIDER, paymentIntent);
  // An event may be faster than the answer to the call that caused it.
  const named = found ?? (paymentId === "" || tenantId === "" ? undefined : { intentId: paymentId, tenantId });
  if (named === undefined) return;
  const work = async () => {
    await noteState(
      ports,
      named.intentId,
      ({ intent, pending }) => (intent.known === null ? pending?.id === operationId : intent.known.id === paymentIntent),
      () => providerOf(ports, PROVIDER).read({ id: paymentIntent }, null).catch(unlessUnknown),
    );
  };
  await runInContext(
    { requestId: operationId, traceId: "", module: "payment", tenantId: named.tenantId, signal: new AbortController().signal },
    work,
  );
}

/** For `.catch`: undefined for a payment that Stripe itself does not know. Else Stripe could not be asked, and is to send the event again. */
function unlessUnknown(error: unknown): undefined {
  if (error instanceof ProviderRefusal) return undefined;
  if (error instanceof PlinthError) throw error;
  throw unavailable("Stripe cannot be asked about this payment now.", {
    reason: "PROVIDER_UNAVAILABLE",
    retryAfterSeconds: 1,
    cause: error,
  });
}

function hintOf(body: Buffer): Hint {
  let event: unknown;
  try {
    event = JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw badRequest("The body is not JSON.", { cause: error });
  }
  const id = text(event, "id");
  const type = text(event, "type");
  if (id === "" || type === "") throw badRequest("The body is no event of Stripe.");
  const object = field(field(event, "data"), "object");
  const metadata = field(object, "metadata");
  const paymentIntent = text(object, "object") === "payment_intent" ? text(object, "id") : text(object, "payment_intent");
  return {
    id,
    type,
    paymentIntent,
    // Refunds carry an operation too, but not the payment's.
    operationId: text(metadata, "plinth_operation"),
    paymentId: text(metadata, "plinth_payment"),
    tenantId: text(metadata, "plinth_tenant"),
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function text(value: unknown, name: string): string {
  const found = field(value, name);
  return typeof found === "string" && NAME.test(found) ? found : "";
}
