import type { FullCart } from "../domain/cart.ts";

/** A cart as a saga keeps it: JSON has neither dates nor whole numbers without end. */
export type CartJson = Omit<FullCart, "items" | "createdAt" | "updatedAt" | "expiresAt"> & {
  readonly items: readonly { readonly id: string; readonly sku: string; readonly warehouseId: string; readonly quantity: number }[];
};

export function cartToJson({ items, createdAt: _c, updatedAt: _u, expiresAt: _e, ...cart }: FullCart): CartJson {
  return { ...cart, items: items.map(({ id, sku, warehouseId, quantity }) => ({ id, sku, warehouseId, quantity: Number(quantity) })) };
}

/** Without its times, which nobody asks for any more. */
export function cartFromJson({ items, ...cart }: CartJson): FullCart {
  const then = new Date(0);
  const times = { createdAt: then, updatedAt: then, expiresAt: then };
  return { ...cart, ...times, items: items.map((item) => ({ ...item, quantity: BigInt(item.quantity), addedAt: then })) };
}
