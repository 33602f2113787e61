import { LRUCache } from "lru-cache";
import type { Cart, CartItem, FullCart } from "../domain/cart.ts";

/** Of all carts together. A line takes some hundred bytes. */
const MOST_LINES = 50_000;

/**
 * Carts as this process has seen them last. Every change makes another version of a cart; so what is done on the ground of one that is remembered is told its
 * version, and refused by the statement if that has passed.
 */
export class RecentCarts {
  readonly #carts = new LRUCache<string, FullCart>({ maxSize: MOST_LINES, sizeCalculation: ({ items }) => items.length + 1 });

  recall(tenantId: string, id: string): FullCart | undefined {
    return this.#carts.get(keyOf({ tenantId, id }));
  }

  remember(cart: FullCart): void {
    const known = this.#carts.peek(keyOf(cart));
    if (known === undefined || known.version < cart.version) this.#carts.set(keyOf(cart), cart);
  }

  /** The cart after a change of one's own. What others changed before is not known: then neither are the lines. */
  changed(cart: Cart, linesAfter: (before: readonly CartItem[]) => readonly CartItem[]): void {
    const known = this.#carts.peek(keyOf(cart));
    if (known?.version === cart.version - 1) this.#carts.set(keyOf(cart), { ...cart, items: linesAfter(known.items) });
    else if (known !== undefined && known.version < cart.version) this.#carts.delete(keyOf(cart));
  }
}

function keyOf({ tenantId, id }: Pick<Cart, "tenantId" | "id">): string {
  return `${tenantId} ${id}`;
}
