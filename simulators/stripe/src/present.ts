import type { Account, Charge, PaymentIntent, Refund } from "./account.ts";

/** Objects as Stripe shows them. `expand` names what is shown whole instead of by its id. */
export function presentIntent(account: Account, intent: PaymentIntent, expand: readonly string[], publicUrl: string): object {
  const charge = intent.charge === undefined ? undefined : account.charges.get(intent.charge);
  const redirect = {
    type: "redirect_to_url",
    redirect_to_url: { url: `${publicUrl}/simulator/3ds/${intent.id}`, return_url: intent.returnUrl ?? null },
  };
  return {
    id: intent.id,
    object: "payment_intent",
    amount: intent.amount,
    amount_capturable: intent.amountCapturable,
    amount_received: intent.amountReceived,
    canceled_at: intent.canceledAt ?? null,
    capture_method: intent.captureMethod,
    client_secret: `${intent.id}_secret_simulated`,
    confirmation_method: "automatic",
    created: intent.created,
    currency: intent.currency,
    customer: null,
    last_payment_error: intent.lastError,
    latest_charge: charge === undefined ? null : expand.includes("latest_charge") ? presentCharge(charge) : charge.id,
    livemode: false,
    metadata: intent.metadata,
    next_action: intent.status === "requires_action" ? redirect : null,
    payment_method: intent.paymentMethod ?? null,
    status: intent.status,
  };
}

export function presentCharge(charge: Charge): object {
  const { id, created, amount, currency, amountCaptured, amountRefunded, multicapture } = charge;
  return {
    id,
    object: "charge",
    amount,
    amount_captured: amountCaptured,
    amount_refunded: amountRefunded,
    captured: amountCaptured > 0,
    created,
    currency,
    livemode: false,
    metadata: {},
    payment_intent: charge.paymentIntent,
    payment_method_details: { type: "card", card: { brand: "visa", multicapture: { status: multicapture ? "available" : "unavailable" } } },
    refunded: amountRefunded > 0 && amountRefunded === amountCaptured,
    status: "succeeded",
  };
}

export function presentRefund(refund: Refund): object {
  const { id, created, amount, currency, charge, metadata, status } = refund;
  return {
    id,
    object: "refund",
    amount,
    charge,
    created,
    currency,
    metadata,
    payment_intent: refund.paymentIntent,
    reason: null,
    status,
    ...(status === "failed" ? { failure_reason: refund.failureReason } : {}),
  };
}

/** A page of a list, newest first, after `startingAfter`. */
export function presentList<T extends { readonly id: string }>(
  url: string,
  items: readonly T[],
  { limit = 10, startingAfter }: { limit?: number | undefined; startingAfter?: string | undefined },
  present: (item: T) => object,
): object {
  const start = startingAfter === undefined ? 0 : items.findIndex(({ id }) => id === startingAfter) + 1;
  const page = items.slice(start, start + limit);
  return { object: "list", url, has_more: start + page.length < items.length, data: page.map(present) };
}
