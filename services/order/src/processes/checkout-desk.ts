import { type Money, moneyToJson, newId, PlinthError } from "@plinth/kernel/base";
import type { Statement, Transaction } from "@plinth/kernel/database";
import type { PreparedStart, Saga, SagaRow, SagaRunner } from "@plinth/kernel/sagas";
import { checkComplete, type FullCart, missingIn } from "../domain/cart.ts";
import type { CartStore } from "../domain/cart-store.ts";
import { type CheckoutAttempt, type CheckoutStore, keyOfAnother } from "../domain/checkout-store.ts";
import { cartToJson } from "./cart-json.ts";
import type { CheckoutInput, CheckoutState } from "./checkout.ts";

/** What somebody asks for who wants an order of a cart. */
export interface CheckoutRequest {
  readonly tenantId: string;
  readonly cartId: string;
  /** Empty: a guest. */
  readonly userId: string;
  readonly payment: CheckoutInput["payment"];
  readonly expectedTotal: Money | undefined;
  /** The Idempotency-Key, a guest's with the cart's id before it. */
  readonly key: string | undefined;
  readonly fingerprint: string;
}

/** Begins checkouts, each cart's and each key's once, and finds those that were begun. */
export interface CheckoutDesk {
  /**
   * How the checkout stands when it has ended, waits for the customer, or after a while. Throws NOT_FOUND, reason CART_NOT_FOUND; CONFLICT, reasons
   * CART_INCOMPLETE, CART_STATUS; VALIDATION_ERROR, reason IDEMPOTENCY_CONFLICT.
   */
  checkOut(request: CheckoutRequest): Promise<Saga<CheckoutState>>;
  /** Goes on with one that waits. */
  goOn(orderId: string): Promise<Saga<CheckoutState> | undefined>;
  find(orderId: string): Promise<Saga<CheckoutState> | undefined>;
}

export interface DeskPorts {
  readonly attempts: CheckoutStore;
  /** The cart as it was last seen here. */
  readonly recall: CartStore["recall"];
  /** Takes the cart for the attempt. */
  claim(tx: Transaction, attempt: Omit<CheckoutAttempt, "email">): Promise<FullCart>;
  /** Takes the cart, if this is its version, and begins the checkout. Undefined: anything is in the way. */
  claimSeen(tx: Statement, attempt: Omit<CheckoutAttempt, "email">, version: number, start: PreparedStart): Promise<SagaRow | undefined>;
  readonly checkouts: SagaRunner<CheckoutInput, CheckoutState>;
  /** How long a caller is kept waiting, ms. */
  waitMs(): number;
}

/** What may be said of a cart that an earlier attempt under the same key has taken, or that is gone since. */
const IN_THE_WAY: ReadonlySet<string> = new Set(["CART_STATUS", "CART_NOT_FOUND", "CART_INCOMPLETE", "IDEMPOTENCY_CONFLICT"]);

/** For a cart whose checkouts keep coming to nothing just as somebody asks for it. */
const TRIES = 3;

export function checkoutDesk({ attempts, recall, claim, claimSeen, checkouts, waitMs }: DeskPorts): CheckoutDesk {
  const goOn = (orderId: string) => checkouts.resume(orderId, { waitMs: waitMs() });

  /**
   * The attempt that stands in the way, if it is the same one; the caller did not hear its answer, or asks twice at once. "gone": it was, and has come to nothing
   * in this moment.
   */
  async function earlier(
    error: unknown,
    { key, userId, cartId, fingerprint }: CheckoutRequest,
  ): Promise<CheckoutAttempt | "gone" | undefined> {
    const { reason, metadata } = PlinthError.from(error);
    if (!IN_THE_WAY.has(reason)) return undefined;
    const ofKey = key === undefined ? undefined : await attempts.findAttemptOfKey(userId, key);
    if (ofKey !== undefined) {
      if (ofKey.fingerprint !== fingerprint) throw keyOfAnother();
      return ofKey;
    }
    if (reason !== "CART_STATUS") return undefined;
    const ofCart = await attempts.findAttemptOfCart(cartId);
    if (ofCart === undefined && metadata.state === "ordering") return "gone";
    return ofCart?.fingerprint === fingerprint && ofCart.userId === userId ? ofCart : undefined;
  }

  /** As `checkOut` does, where nobody was faster. */
  async function begin(request: CheckoutRequest): Promise<Saga<CheckoutState>> {
    const attempt = { ...request, orderId: newId("ord") };
    const { orderId, tenantId, cartId, userId } = attempt;
    const options = { key: orderId, waitMs: waitMs() };
    const seen = recall(tenantId, cartId, userId);
    if (seen?.status === "open" && missingIn(seen).length === 0) {
      const taken = { ...seen, status: "ordering", orderId, version: seen.version + 1 } as const;
      const write = (tx: Statement, start: PreparedStart) => claimSeen(tx, attempt, seen.version, start);
      const saga = await checkouts.runBy(inputOf(taken, attempt), options, write);
      if (saga !== undefined) return saga;
    }
    const work = async (tx: Transaction): Promise<CheckoutInput> => {
      const cart = await claim(tx, attempt);
      checkComplete(cart);
      return inputOf(cart, attempt);
    };
    return checkouts.run(work, options);
  }

  return {
    async checkOut(request) {
      for (let tries = 1; ; tries++) {
        try {
          return await begin(request);
        } catch (error) {
          const same = await earlier(error, request);
          if (same === "gone" && tries < TRIES) continue;
          const found = same === undefined || same === "gone" ? undefined : await goOn(same.orderId);
          if (found === undefined) throw error;
          return found;
        }
      }
    },
    goOn,
    find: (orderId) => checkouts.find(orderId),
  };
}

function inputOf(
  cart: FullCart,
  { orderId, userId, payment, expectedTotal }: CheckoutRequest & { readonly orderId: string },
): CheckoutInput {
  // Whoever checks a guest's cart out and is signed in has the order among their own.
  const owned = { ...cart, userId: cart.userId || userId };
  return { orderId, cart: cartToJson(owned), payment, expectedTotal: expectedTotal === undefined ? null : moneyToJson(expectedTotal) };
}
