import { PlinthError } from "@plinth/kernel/base";
import type { FullCart } from "./cart.ts";
import type { CartStore } from "./cart-store.ts";

/** What a cart that has changed since may be the reason of. */
const REFUSALS: ReadonlySet<string> = new Set(["CONFLICT", "NOT_FOUND", "VALIDATION_ERROR"]);

/**
 * Works on a cart as it was last seen here, if it was, and tells the version to what changes it. Where the cart has changed since, or anything is refused, it is
 * read, and the work is done on that; so nobody hears of what has passed.
 */
export async function onCart<T>(
  carts: Pick<CartStore, "recall" | "getCart">,
  { tenantId, id, userId }: { readonly tenantId: string; readonly id: string; readonly userId: string | undefined },
  work: (cart: FullCart, seen: number | undefined) => Promise<T>,
): Promise<T> {
  const recalled = carts.recall(tenantId, id, userId);
  if (recalled !== undefined) {
    try {
      return await work(recalled, recalled.version);
    } catch (error) {
      if (!(error instanceof PlinthError && REFUSALS.has(error.code))) throw error;
    }
  }
  return work(await carts.getCart(id, userId), undefined);
}
