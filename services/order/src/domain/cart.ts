import { conflict, defineTransitions, notFound, type PlinthError } from "@plinth/kernel/base";
import type { Address, ShippingChoice } from "./delivery.ts";

export type CartStatus = "open" | "ordering" | "ordered" | "merged";
export type CartMove = "change" | "check out" | "reopen" | "become an order" | "merge";

/** A cart without its lines. */
export interface Cart {
  readonly id: string;
  readonly tenantId: string;
  readonly status: CartStatus;
  readonly currency: string;
  readonly locale: string;
  /** Empty until somebody says it. */
  readonly email: string;
  /** Empty: a guest's. */
  readonly userId: string;
  readonly customerId: string;
  readonly shippingAddress: Address | null;
  /** What was chosen, with the price that it had then. */
  readonly shippingOption: ShippingChoice | null;
  readonly lineCount: number;
  /** The order that it has become or is becoming; empty where there is none. */
  readonly orderId: string;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt: Date;
}

export interface CartItem {
  readonly id: string;
  readonly sku: string;
  /** Empty: the shop decides. */
  readonly warehouseId: string;
  readonly quantity: bigint;
  readonly addedAt: Date;
}

export interface FullCart extends Cart {
  /** As they were put in. */
  readonly items: readonly CartItem[];
}

export interface CartLimits {
  readonly lines: number;
  /** Of one line. */
  readonly quantity: number;
}

/** The life of a cart. A checkout that is refused opens it again. */
export const CART_MOVES = defineTransitions<CartStatus, CartMove>("cart", "CART_STATUS", {
  open: { change: "open", "check out": "ordering", merge: "merged" },
  ordering: { reopen: "open", "become an order": "ordered" },
  ordered: {},
  merged: {},
});

/** Whether somebody may use a cart: a guest's whoever knows its id, a user's only that user. */
export function mayUse(cart: Pick<Cart, "userId">, userId: string | undefined): boolean {
  return cart.userId === "" || cart.userId === userId;
}

/** Throws CONFLICT, reason CART_STATUS, with the order in the metadata, unless the cart is open. */
export function checkChangeable(cart: Pick<Cart, "id" | "status" | "orderId">): void {
  if (cart.status === "open") return;
  throw conflict(`The cart ${cart.id} cannot be changed: it is ${cart.status}.`, {
    reason: "CART_STATUS",
    metadata: { state: cart.status, order_id: cart.orderId, allowed: CART_MOVES.allowed(cart.status, undefined).join(",") },
  });
}

/** What is in the way of a checkout, as far as the cart alone shows it. */
export function missingIn(cart: FullCart): string[] {
  return [
    ...(cart.items.length === 0 ? ["lines"] : []),
    ...(cart.email === "" ? ["email"] : []),
    ...(cart.shippingAddress === null ? ["shipping_address"] : []),
    ...(cart.shippingOption === null ? ["shipping_option"] : []),
  ];
}

/** Throws CONFLICT, reason CART_INCOMPLETE. */
export function checkComplete(cart: FullCart, missing = missingIn(cart)): void {
  if (missing.length === 0) return;
  throw conflict(`The cart ${cart.id} cannot be checked out yet. Missing: ${missing.join(", ")}.`, {
    reason: "CART_INCOMPLETE",
    metadata: { missing: missing.join(",") },
  });
}

/** Throws CONFLICT, reason QUANTITY_TOO_LARGE or CART_FULL. */
export function checkLimits(limits: CartLimits, line: { readonly sku: string; readonly quantity: bigint }, lineCount: number): void {
  if (line.quantity > BigInt(limits.quantity)) {
    throw conflict(`${line.quantity} of ${line.sku} are too many for one line; at most ${limits.quantity} are possible.`, {
      reason: "QUANTITY_TOO_LARGE",
      metadata: { sku: line.sku, quantity: String(line.quantity), limit: String(limits.quantity) },
    });
  }
  if (lineCount <= limits.lines) return;
  throw conflict(`A cart holds at most ${limits.lines} lines. Check this one out first.`, {
    reason: "CART_FULL",
    metadata: { limit: String(limits.lines) },
  });
}

export function cartNotFound(id: string): PlinthError {
  return notFound(`There is no cart ${id}.`, { reason: "CART_NOT_FOUND", metadata: { cart_id: id } });
}

/** Somebody has changed the cart since `seen`; see `onCart`. */
export function cartOutdated(id: string, seen: number): PlinthError {
  return conflict(`The cart ${id} is not the version ${seen} any more.`, { reason: "CART_OUTDATED", metadata: { cart_id: id } });
}
