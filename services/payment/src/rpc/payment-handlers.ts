import { createHash } from "node:crypto";
import { newId, notFound, type RequestContext, runInContext } from "@plinth/kernel/base";
import type { CallContext, Handlers } from "@plinth/kernel/rpc";
import type { PaymentService } from "@plinth/proto/payment/v1/payment_pb";
import type { Books, PaymentName, PaymentStore } from "../domain/payment-store.ts";
import type { Payments } from "../domain/payments.ts";
import type { Reconciliation } from "../domain/reconcile.ts";
import { differenceMessage, intentMessage, intentStateOf, ledgerMessage } from "../messages/payment-message.ts";

const PAGE_SIZE = 20;
const DAY_MS = 24 * 3_600_000;
const MOST_DIFFERENCES = 1000;

export function paymentHandlers(
  payments: Payments,
  store: PaymentStore,
  reconcileSince: (tenantId: string, provider: string, since: Date) => Promise<Reconciliation>,
): Handlers<typeof PaymentService> {
  /** The payment as it is after a call, with its refunds. */
  async function answer(context: CallContext, work: () => Promise<Books>) {
    const { intent, refunds } = await runInContext(unhurried(context), work);
    return intentMessage(intent, refunds);
  }

  return {
    async authorize({ reference, provider, amount, methodToken, customerId, returnUrl }, context) {
      const { amount: minor = 0n, currency = "" } = amount ?? {};
      const asked = { reference, provider, amount: minor, currency, methodToken, customerId };
      return answer(context, () => payments.authorize({ ...asked, returnUrl, fingerprint: fingerprintOf(Object.values(asked)) }));
    },

    async getIntent(request) {
      const books = await store.findBooks(nameOf(request));
      if (books === undefined) throw noPayment();
      return intentMessage(books.intent, books.refunds, await store.listHistory(books.intent.id));
    },

    async listIntents({ state, customerId, pageSize, pageToken }) {
      const filter = { state: intentStateOf(state), customerId: customerId || undefined };
      const page = await store.listIntents(filter, { size: pageSize || PAGE_SIZE, token: pageToken });
      return { intents: page.items.map((intent) => intentMessage(intent)), nextPageToken: page.nextPageToken };
    },

    confirmIntent: (request, context) => answer(context, () => payments.confirm(nameOf(request))),

    capture(request, context) {
      const { amount, final } = request;
      const wanted = { key: keyOf(context), amount: amount?.amount, currency: amount?.currency, final };
      return answer(context, () => payments.capture(nameOf(request), wanted));
    },

    void: (request, context) => answer(context, () => payments.void(nameOf(request))),

    refund(request, context) {
      const { amount, reason, refundReference } = request;
      const wanted = { key: keyOf(context), amount: amount?.amount, currency: amount?.currency, reason, refundReference };
      return answer(context, () => payments.refund(nameOf(request), wanted));
    },

    async reconcile({ provider, days }, { tenantId }) {
      const { compared, differences } = await reconcileSince(tenantId, provider, new Date(Date.now() - (days || 1) * DAY_MS));
      return { compared: BigInt(compared), differences: differences.slice(0, MOST_DIFFERENCES).map(differenceMessage) };
    },

    async listLedger({ paymentId, pageSize, pageToken }) {
      const page = await store.listLedger(paymentId || undefined, { size: pageSize || PAGE_SIZE, token: pageToken });
      return { transactions: page.items.map(ledgerMessage), nextPageToken: page.nextPageToken };
    },
  };
}

function nameOf({ id, reference }: { id: string; reference: string }): PaymentName {
  return id === "" ? { reference } : { id };
}

function keyOf({ requestHeaders }: CallContext): string {
  return requestHeaders.get("idempotency-key") ?? newId("key");
}

function noPayment() {
  return notFound("There is no such payment.", { reason: "PAYMENT_NOT_FOUND" });
}

function fingerprintOf(parts: readonly (string | bigint)[]): string {
  return createHash("sha256")
    .update(JSON.stringify(parts.map(String)))
    .digest("hex");
}

/**
 * The context of work that must not be cut off half way: money has moved perhaps, and is noted also where the caller has gone. A call that was
 * begun and not answered may be made again with its key, because each operation is stored under it.
 */
function unhurried(context: CallContext): RequestContext {
  const { requestId, traceId, trace, module, caller, user, tenantId, clientAddress, userAgent } = context;
  return { requestId, traceId, trace, module, caller, user, tenantId, clientAddress, userAgent, signal: new AbortController().signal };
}
