/** One thing that our books and a provider say differently. Amounts are minor units. */
export interface Difference {
  /** Empty: we do not know the payment. */
  readonly paymentId: string;
  readonly providerId: string;
  readonly reference: string;
  readonly what: "held" | "captured" | "refunded" | "unknown to us" | "unknown to the provider";
  readonly currency: string;
  readonly ours: bigint;
  readonly theirs: bigint;
}
