import Stripe from "stripe";
import { ProviderRefusal } from "../domain/provider.ts";

/**
 * For `.catch` of a call: throws `ProviderRefusal` where Stripe says that it did nothing and why, and what it was given where nobody knows. A key
 * that is in use is such a case: the first call with it is still at work.
 */
export function refusalOf(error: unknown): never {
  if (error instanceof Stripe.errors.StripeError && isFinal(error)) {
    throw new ProviderRefusal(error.code ?? error.type, error.message, { cause: error });
  }
  throw error;
}

/** For `.catch` of a confirmation: a declined payment is there, and says why. Otherwise as `refusalOf`. */
export function declinedIntent(error: unknown): Stripe.PaymentIntent {
  if (error instanceof Stripe.errors.StripeCardError && error.payment_intent !== undefined) return error.payment_intent;
  return refusalOf(error);
}

/** For `.catch` of a cancellation: it may have been canceled before. Otherwise as `refusalOf`. */
export function unlessCanceled(error: unknown): void {
  if (error instanceof Stripe.errors.StripeInvalidRequestError && error.payment_intent?.status === "canceled") return;
  refusalOf(error);
}

function isFinal(error: Stripe.errors.StripeError): boolean {
  return error instanceof Stripe.errors.StripeInvalidRequestError || error instanceof Stripe.errors.StripeCardError;
}
