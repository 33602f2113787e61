import { type PlinthError, validation } from "@plinth/kernel/base";

/** One attempt to make an order of a cart. */
export interface CheckoutAttempt {
  /** The id that the order has or will have. */
  readonly orderId: string;
  readonly cartId: string;
  /** Empty: a guest's. */
  readonly userId: string;
  readonly email: string;
  /** The Idempotency-Key, a guest's with the cart's id before it; undefined where there was none. */
  readonly key: string | undefined;
  /** SHA-256 of what was asked for: the same again is the same attempt. */
  readonly fingerprint: string;
}

/** The key was used for another request. */
export function keyOfAnother(): PlinthError {
  const problem = "was used for another request; take a new key for a new request";
  return validation({ "Idempotency-Key": problem }, { reason: "IDEMPOTENCY_CONFLICT" });
}

export interface CheckoutStore {
  findAttempt(orderId: string): Promise<CheckoutAttempt | undefined>;
  /** The attempt of an Idempotency-Key; `userId` is empty for a guest. */
  findAttemptOfKey(userId: string, key: string): Promise<CheckoutAttempt | undefined>;
  /** The attempt that has taken the cart; undefined for a cart that is open. */
  findAttemptOfCart(cartId: string): Promise<CheckoutAttempt | undefined>;
  /** Of all tenants, those that are older than a day; answers how many. */
  forgetKeys(): Promise<number>;
}
