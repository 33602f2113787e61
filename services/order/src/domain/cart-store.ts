import type { Cart, CartItem, FullCart } from "./cart.ts";
import type { Address, ShippingChoice } from "./delivery.ts";

/** What a line is put in with. */
export type NewItem = Pick<CartItem, "id" | "sku" | "warehouseId" | "quantity">;

export interface ChangedCart {
  readonly cart: Cart;
  /** Undefined where it was taken out. */
  readonly item: CartItem | undefined;
}

/** What can be said of a cart beside its lines; absent stays. */
export interface CartDetails {
  readonly email?: string;
  readonly shippingAddress?: Address;
  readonly shippingOption?: ShippingChoice;
}

/**
 * Carts. `userId` is the signed-in user's, undefined for a guest; carts of others are NOT_FOUND, reason CART_NOT_FOUND, as expired ones are. Changes
 * throw CONFLICT, reason CART_STATUS, unless the cart is open; each one costs the same however many lines there are.
 */
export interface CartStore {
  insert(cart: Cart): Promise<void>;
  getCart(id: string, userId: string | undefined): Promise<FullCart>;
  /** The cart as it was last seen here; it may have changed since. Undefined: it was not seen, or is somebody else's. */
  recall(tenantId: string, id: string, userId: string | undefined): FullCart | undefined;
  /** The open cart that the user touched last. */
  findCartOf(userId: string): Promise<FullCart | undefined>;
  /**
   * Adds up where the same is in already. Throws CONFLICT, reasons CART_FULL, QUANTITY_TOO_LARGE; CART_OUTDATED, where `seen` is given and not the version of
   * the cart any more.
   */
  addItem(cartId: string, userId: string | undefined, item: NewItem, seen?: number): Promise<ChangedCart>;
  /** Throws NOT_FOUND, reason ITEM_NOT_FOUND; CONFLICT, reason QUANTITY_TOO_LARGE. */
  updateItem(cartId: string, userId: string | undefined, itemId: string, quantity: bigint): Promise<ChangedCart>;
  removeItem(cartId: string, userId: string | undefined, itemId: string): Promise<ChangedCart>;
  /** Throws CONFLICT, reason CART_OUTDATED, as `addItem` does. */
  setDetails(cartId: string, userId: string | undefined, details: CartDetails, seen?: number): Promise<Cart>;
  /** A guest's cart becomes the user's, or goes into the one there is. Answers the user's cart's id. Throws CONFLICT as addItem. */
  merge(guestCartId: string, owner: { readonly userId: string; readonly customerId: string; readonly email: string }): Promise<string>;
  /** Of all tenants; answers how many. */
  removeExpired(): Promise<number>;
}
