import { type Account, newId, nowSeconds, type Refund } from "./account.ts";
import { CARDS } from "./cards.ts";
import { integerOf, neededText, type Parameters, textsOf } from "./parameters.ts";
import { getIntent } from "./payment-intents.ts";
import { presentCharge, presentRefund } from "./present.ts";
import { invalidRequest, missing } from "./stripe-error.ts";

export function createRefund(account: Account, parameters: Parameters): Refund {
  const intent = getIntent(account, neededText(parameters, "payment_intent"));
  const charge = account.charges.get(intent.charge ?? "");
  if (charge === undefined || charge.amountCaptured === 0)
    throw invalidRequest("This PaymentIntent does not have a successful charge to refund.");
  const left = charge.amountCaptured - charge.amountRefunded;
  if (left === 0) throw invalidRequest(`Charge ${charge.id} has already been refunded.`, { code: "charge_already_refunded" });
  const amount = integerOf(parameters, "amount") ?? left;
  if (amount > left)
    throw invalidRequest(`Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`, { param: "amount" });
  if (amount < 1) throw invalidRequest("Invalid positive integer", { code: "parameter_invalid_integer", param: "amount" });
  const behaviour = CARDS.get(intent.paymentMethod ?? "");
  const refund: Refund = {
    id: newId("re"),
    created: nowSeconds(),
    charge: charge.id,
    paymentIntent: intent.id,
    amount,
    currency: intent.currency,
    metadata: textsOf(parameters, "metadata"),
    status: behaviour?.refundsPend === true ? "pending" : "succeeded",
  };
  account.refunds.set(refund.id, refund);
  charge.amountRefunded += amount;
  account.emit("refund.created", presentRefund(refund));
  account.emit("charge.refunded", presentCharge(charge));
  return refund;
}

/**
 * The bank's last word on a refund, which may come days later, also after it had said yes. `id` is the refund's, or a payment's: then its last one is
 * meant. Told by every name that Stripe has for it.
 */
export function settleRefund(account: Account, id: string, status: "succeeded" | "failed", reason = "lost_or_stolen_card"): Refund {
  const refund = [...account.refunds.values()].findLast(({ paymentIntent }) => paymentIntent === id) ?? getRefund(account, id);
  if (refund.status === "failed") throw invalidRequest(`Refund ${refund.id} has failed.`);
  refund.status = status;
  const charge = account.charges.get(refund.charge);
  if (status === "failed") {
    refund.failureReason = reason;
    if (charge !== undefined) charge.amountRefunded -= refund.amount;
  }
  account.emit("refund.updated", presentRefund(refund));
  account.emit("charge.refund.updated", presentRefund(refund));
  if (status === "failed") account.emit("refund.failed", presentRefund(refund));
  return refund;
}

export function getRefund(account: Account, id: string): Refund {
  const refund = account.refunds.get(id);
  if (refund === undefined) throw missing("refund", id, "id");
  return refund;
}
