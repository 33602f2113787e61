/** How a payment by a test method goes. The names are Stripe's own, where Stripe has one. */
export interface CardBehaviour {
  readonly decline?: { readonly code: string; readonly declineCode: string; readonly message: string };
  /** The customer must authenticate. */
  readonly threeDSecure?: boolean;
  /** One capture only. */
  readonly singleCapture?: boolean;
  /** Refunds succeed at first, and fail later. */
  readonly refundsFail?: boolean;
  readonly refundsPend?: boolean;
}

const declined = (code: string, declineCode: string, message: string): CardBehaviour => ({ decline: { code, declineCode, message } });

export const CARDS: ReadonlyMap<string, CardBehaviour> = new Map([
  ["pm_card_visa", {}],
  ["pm_card_mastercard", {}],
  ["pm_card_amex", {}],
  ["pm_card_threeDSecure2Required", { threeDSecure: true }],
  ["pm_card_authenticationRequired", { threeDSecure: true }],
  ["pm_card_refundFail", { refundsFail: true }],
  ["pm_card_pendingRefund", { refundsPend: true }],
  // Not Stripe's: there, it depends on the account and the network.
  ["pm_simulator_singleCapture", { singleCapture: true }],
  ["pm_card_chargeDeclined", declined("card_declined", "generic_decline", "Your card was declined.")],
  ["pm_card_visa_chargeDeclined", declined("card_declined", "generic_decline", "Your card was declined.")],
  ["pm_card_chargeDeclinedInsufficientFunds", declined("card_declined", "insufficient_funds", "Your card has insufficient funds.")],
  ["pm_card_chargeDeclinedLostCard", declined("card_declined", "lost_card", "Your card was declined.")],
  ["pm_card_chargeDeclinedStolenCard", declined("card_declined", "stolen_card", "Your card was declined.")],
  ["pm_card_chargeDeclinedExpiredCard", declined("expired_card", "expired_card", "Your card has expired.")],
  ["pm_card_chargeDeclinedIncorrectCvc", declined("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.")],
  [
    "pm_card_chargeDeclinedProcessingError",
    declined("processing_error", "processing_error", "An error occurred while processing your card."),
  ],
]);
