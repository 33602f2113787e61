import type Stripe from "stripe";
import type { Decline, ProviderRefund, ProviderState, ProviderStatus } from "../domain/provider.ts";
import { fromStripeAmount } from "./stripe-amount.ts";

const LISTED_AT_ONCE = 100;

/** Whose `status` is one of ours. Throws for one that says that Stripe does not know yet, so that it is asked again. */
export function stateOf(intent: Stripe.PaymentIntent, refunds: readonly ProviderRefund[]): ProviderState {
  const { id, currency } = intent;
  const captured = fromStripeAmount(intent.amount_received, currency);
  return {
    id,
    status: statusOf(intent),
    authorized: captured + fromStripeAmount(intent.amount_capturable, currency),
    captured,
    severalCaptures: canCaptureAgain(intent),
    nextActionUrl: intent.next_action?.redirect_to_url?.url ?? "",
    decline: declineOf(intent),
    refunds,
  };
}

export async function listRefunds(stripe: Stripe, paymentIntent: string): Promise<ProviderRefund[]> {
  const refunds: ProviderRefund[] = [];
  for await (const refund of stripe.refunds.list({ payment_intent: paymentIntent, limit: LISTED_AT_ONCE })) {
    refunds.push({
      id: refund.id,
      amount: fromStripeAmount(refund.amount, refund.currency),
      status: refundStatusOf(refund.status),
      operationId: refund.metadata?.plinth_operation,
      ...(refund.failure_reason === undefined ? {} : { failure: refund.failure_reason }),
    });
  }
  // As they were made; Stripe lists the newest first.
  return refunds.reverse();
}

function statusOf({ id, status, last_payment_error: error }: Stripe.PaymentIntent): ProviderStatus {
  switch (status) {
    case "requires_action":
    case "requires_confirmation":
      return "requires_action";
    case "requires_capture":
      return "authorized";
    case "succeeded":
      return "captured";
    case "canceled":
      return "voided";
    case "requires_payment_method":
      if (error !== null) return "failed";
      return "requires_action";
    default:
      throw new Error(`Stripe says that ${id} is ${status}.`);
  }
}

function declineOf({ last_payment_error: error }: Stripe.PaymentIntent): Decline | undefined {
  if (error === null) return undefined;
  return { code: error.code ?? error.type, declineCode: error.decline_code ?? "", message: error.message ?? "The payment was declined." };
}

function canCaptureAgain({ latest_charge: charge }: Stripe.PaymentIntent): boolean {
  return typeof charge === "object" && charge?.payment_method_details?.card?.multicapture?.status === "available";
}

function refundStatusOf(status: string | null): ProviderRefund["status"] {
  if (status === "succeeded") return "succeeded";
  return status === "failed" || status === "canceled" ? "failed" : "pending";
}
