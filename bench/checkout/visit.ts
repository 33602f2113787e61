import type { Agent } from "node:http";
import { GOODS } from "./goods.ts";
import type { RunningShop } from "./shop.ts";
import { PAGE_SIZE, type PlacedOrder } from "./shop-flow.ts";

/** A whole number from 0 to below `limit`. */
export type Random = (limit: number) => number;

export interface Purchase {
  readonly placed: PlacedOrder;
  readonly units: number;
  /** From the click on the button until the answer. */
  readonly payMs: number;
}

/** A visit that came to no order. */
export class VisitFailed extends Error {
  /** Whether the buyer had already clicked on the button: then there may be an order that nobody has answered. */
  readonly paying: boolean;

  constructor(step: string, cause: unknown) {
    super(`${step}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    this.paying = step === "pay";
  }
}

/** Buys three different products of one page, one to three of each. `buyer` is another one at each visit. */
export async function buy(shop: RunningShop, connections: Agent, buyer: string, random: Random): Promise<Purchase> {
  let step = "list";
  try {
    const flow = shop.visit(connections);
    const products = [...(await flow.list(random(GOODS.length / PAGE_SIZE)))];
    const chosen = [1, 2, 3].flatMap(() => products.splice(random(products.length), 1));
    const [opened] = chosen;
    if (opened === undefined || chosen.length < 3) throw new Error(`a page of ${products.length + chosen.length} products`);
    step = "product";
    await flow.product(opened);
    step = "add";
    let units = 0;
    for (const product of chosen) {
      const quantity = 1 + random(3);
      units += quantity;
      await flow.add(product, quantity);
    }
    step = "address";
    await flow.address({ email: `${buyer}@example.com`, name: `Buyer ${buyer}` });
    step = "options";
    const [option] = await flow.options();
    if (option === undefined) throw new Error("no way of shipping");
    step = "choose";
    await flow.choose(option);
    step = "pay";
    const payingSince = performance.now();
    const placed = await flow.pay();
    return { placed, units, payMs: performance.now() - payingSince };
  } catch (error) {
    throw new VisitFailed(step, error);
  }
}

/** The same numbers for the same seed: every shop is asked for the same carts. */
export function seededRandom(seed: number): Random {
  let state = seed;
  return (limit) => {
    // Mulberry32.
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}
