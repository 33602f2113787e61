import { type PaymentProvider, ProviderRefusal, type ProviderState } from "../domain/provider.ts";

/**
 * Bank transfer and cash: nobody is asked. What was ordered counts as authorized at once, and somebody captures it by hand when the money is there.
 * What is stored is all there is to know, so a call that was not noted did not take place.
 */
export const manualProvider: PaymentProvider = {
  name: "manual",
  asksNobody: true,
  check() {
    // Any amount of any currency can be paid by hand.
  },
  authorize({ amount }, operationId) {
    return {
      id: `manual_${operationId}`,
      status: "authorized",
      authorized: amount,
      captured: 0n,
      severalCaptures: true,
      nextActionUrl: "",
      decline: undefined,
      refunds: [],
    };
  },
  confirm: (known) => known,
  capture(known, amount, final) {
    const captured = known.captured + amount;
    if (captured > known.authorized) throw new ProviderRefusal("amount_too_large", "More than was ordered.");
    return { ...known, captured, ...(final ? { status: "captured" as const, authorized: captured } : {}) };
  },
  void(known) {
    if (known.captured > 0n) return { ...known, status: "captured", authorized: known.captured };
    return { ...known, status: "voided", authorized: 0n };
  },
  close() {
    // Nobody declines.
  },
  refund(known, amount, operationId) {
    if (amount > known.captured - refundedOf(known)) throw new ProviderRefusal("amount_too_large", "More than was paid.");
    return { ...known, refunds: [...known.refunds, { id: `manual_${operationId}`, amount, status: "succeeded", operationId }] };
  },
  async read({ id }, lastKnown) {
    if (lastKnown === null) throw new ProviderRefusal("unknown_payment", `Nothing is known of ${id}.`);
    return lastKnown;
  },
  find: async () => undefined,
  async *list() {
    // Nobody else keeps books of it.
  },
};

function refundedOf({ refunds }: ProviderState): bigint {
  return refunds.reduce((sum, { amount }) => sum + amount, 0n);
}
