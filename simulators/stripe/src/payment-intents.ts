import { type Account, newId, nowSeconds, type PaymentIntent } from "./account.ts";
import { CARDS, type CardBehaviour } from "./cards.ts";
import { innerOf, integerOf, neededText, type Parameters, textOf, textsOf } from "./parameters.ts";
import { invalidRequest, missing, StripeError } from "./stripe-error.ts";

export type Show = (intent: PaymentIntent) => object;

export function createIntent(account: Account, parameters: Parameters, show: Show): PaymentIntent {
  neededText(parameters, "amount");
  const amount = integerOf(parameters, "amount") ?? 0;
  const currency = neededText(parameters, "currency");
  if (amount < 1 || amount > 99_999_999) throw invalidRequest("Invalid amount.", { code: "amount_too_large", param: "amount" });
  if (!/^[a-z]{3}$/.test(currency)) throw invalidRequest(`Invalid currency: ${currency}`, { param: "currency" });
  const card = innerOf(innerOf(parameters, "payment_method_options"), "card");
  const method = textOf(parameters, "payment_method");
  if (method !== undefined) behaviourOf(method);
  const intent: PaymentIntent = {
    id: newId("pi"),
    created: nowSeconds(),
    amount,
    currency,
    captureMethod: textOf(parameters, "capture_method") === "manual" ? "manual" : "automatic",
    wantsMulticapture: textOf(card, "request_multicapture") === "if_available",
    metadata: textsOf(parameters, "metadata"),
    status: method === undefined ? "requires_payment_method" : "requires_confirmation",
    paymentMethod: method,
    returnUrl: textOf(parameters, "return_url"),
    amountCapturable: 0,
    amountReceived: 0,
    lastError: null,
    charge: undefined,
    canceledAt: undefined,
  };
  account.intents.set(intent.id, intent);
  account.emit("payment_intent.created", show(intent));
  if (textOf(parameters, "confirm") === "true") confirmIntent(account, intent, {}, show);
  return intent;
}

export function confirmIntent(account: Account, intent: PaymentIntent, parameters: Parameters, show: Show): void {
  const method = textOf(parameters, "payment_method") ?? intent.paymentMethod;
  if (!["requires_payment_method", "requires_confirmation"].includes(intent.status)) throw unexpectedState(intent, "confirm", show);
  if (method === undefined)
    throw invalidRequest("You cannot confirm this PaymentIntent because it's missing a payment method.", { param: "payment_method" });
  const behaviour = behaviourOf(method);
  intent.paymentMethod = method;
  intent.lastError = null;
  if (behaviour.decline !== undefined) throw decline(account, intent, behaviour.decline, show);
  if (behaviour.threeDSecure === true) {
    intent.status = "requires_action";
    account.emit("payment_intent.requires_action", show(intent));
    return;
  }
  hold(account, intent, behaviour, show);
}

/** What the customer does at the bank. */
export function authenticate(account: Account, intent: PaymentIntent, isSuccess: boolean, show: Show): void {
  if (intent.status !== "requires_action") throw unexpectedState(intent, "authenticate", show);
  if (isSuccess) {
    hold(account, intent, behaviourOf(intent.paymentMethod ?? ""), show);
    return;
  }
  intent.status = "requires_payment_method";
  intent.lastError = {
    type: "invalid_request_error",
    code: "payment_intent_authentication_failure",
    message: "The provided payment method has failed authentication.",
  };
  account.emit("payment_intent.payment_failed", show(intent));
}

export function captureIntent(account: Account, intent: PaymentIntent, parameters: Parameters, show: Show): void {
  const charge = account.charges.get(intent.charge ?? "");
  if (intent.status !== "requires_capture" || charge === undefined) throw unexpectedState(intent, "capture", show);
  const isFinal = textOf(parameters, "final_capture") !== "false";
  if (!isFinal && !charge.multicapture)
    throw invalidRequest("This PaymentIntent does not support multiple captures.", { param: "final_capture" });
  const amount = integerOf(parameters, "amount_to_capture") ?? intent.amountCapturable;
  if (amount > intent.amountCapturable)
    throw invalidRequest("The amount is larger than what can be captured.", { code: "amount_too_large", param: "amount_to_capture" });
  // Nothing can be captured to let go of what is left after other captures.
  if (amount === 0 && (intent.amountReceived === 0 || !isFinal))
    throw invalidRequest("The amount must be more than 0.", { code: "amount_too_small", param: "amount_to_capture" });
  intent.amountReceived += amount;
  charge.amountCaptured += amount;
  intent.amountCapturable = isFinal ? 0 : intent.amountCapturable - amount;
  if (intent.amountCapturable === 0) intent.status = "succeeded";
  account.emit(intent.status === "succeeded" ? "payment_intent.succeeded" : "payment_intent.amount_capturable_updated", show(intent));
}

export function cancelIntent(account: Account, intent: PaymentIntent, show: Show): void {
  if (["succeeded", "canceled"].includes(intent.status) || intent.amountReceived > 0) throw unexpectedState(intent, "cancel", show);
  intent.status = "canceled";
  intent.amountCapturable = 0;
  intent.canceledAt = nowSeconds();
  account.emit("payment_intent.canceled", show(intent));
}

export function getIntent(account: Account, id: string): PaymentIntent {
  const intent = account.intents.get(id);
  if (intent === undefined) throw missing("payment_intent", id, "intent");
  return intent;
}

function behaviourOf(method: string): CardBehaviour {
  const behaviour = CARDS.get(method);
  if (behaviour === undefined) throw missing("PaymentMethod", method, "payment_method");
  return behaviour;
}

/** The bank holds the amount; without a manual capture it is charged at once. */
function hold(account: Account, intent: PaymentIntent, behaviour: CardBehaviour, show: Show): void {
  const charge = {
    id: newId("ch"),
    created: nowSeconds(),
    paymentIntent: intent.id,
    amount: intent.amount,
    currency: intent.currency,
    multicapture: intent.wantsMulticapture && behaviour.singleCapture !== true,
    amountCaptured: 0,
    amountRefunded: 0,
  };
  account.charges.set(charge.id, charge);
  intent.charge = charge.id;
  if (intent.captureMethod === "automatic") {
    charge.amountCaptured = intent.amount;
    intent.amountReceived = intent.amount;
    intent.status = "succeeded";
    account.emit("payment_intent.succeeded", show(intent));
    return;
  }
  intent.amountCapturable = intent.amount;
  intent.status = "requires_capture";
  account.emit("payment_intent.amount_capturable_updated", show(intent));
}

function decline(account: Account, intent: PaymentIntent, why: NonNullable<CardBehaviour["decline"]>, show: Show): StripeError {
  intent.status = "requires_payment_method";
  intent.paymentMethod = undefined;
  intent.lastError = { type: "card_error", code: why.code, decline_code: why.declineCode, message: why.message };
  account.emit("payment_intent.payment_failed", show(intent));
  return new StripeError(402, {
    type: "card_error",
    code: why.code,
    decline_code: why.declineCode,
    message: why.message,
    payment_intent: show(intent),
  });
}

function unexpectedState(intent: PaymentIntent, what: string, show: Show): StripeError {
  return invalidRequest(`This PaymentIntent's status is ${intent.status}: you cannot ${what} it.`, {
    code: "payment_intent_unexpected_state",
    payment_intent: show(intent),
  });
}
