import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { seededRandom } from "@plinth/kernel/testing";
import type { Bait, Point } from "./gates.ts";
import { type KilledShop, type Outcome, startKilledShop } from "./killed-shop.ts";

/**
 * Many buyers of few units, over three processes of order and three of inventory that are killed in mid-work. PLINTH_TEST_BUYERS and PLINTH_TEST_KILLS
 * make the run longer, PLINTH_TEST_SEED makes it another.
 */

const BUYERS = Number(process.env.PLINTH_TEST_BUYERS ?? 100);
const UNITS = Math.ceil(BUYERS / 10);
const KILLS = Number(process.env.PLINTH_TEST_KILLS ?? 2);
const SEED = Number(process.env.PLINTH_TEST_SEED ?? 20_260_711);
const AT_A_TIME = 24;
const random = seededRandom(SEED);
const POINTS: readonly Point[] = ["after do begin", "after do price", "before do reserve stock", "after do reserve stock"];

/** Half of the kills hit while there is something to sell. */
function sizeOf(kill: number): number {
  const early = Math.ceil(KILLS / 2);
  const first = Math.ceil((1.2 * UNITS) / early);
  return kill < early ? first : Math.ceil((BUYERS - early * first) / (KILLS - early));
}

let shop: KilledShop;
beforeAll(async () => {
  shop = await startKilledShop({ order: 3, inventory: 3 }, random);
}, 240_000);
afterAll(() => shop?.stop(), 60_000);

test(
  `of ${BUYERS} buyers exactly ${UNITS} get one, whoever dies in between (seed ${SEED})`,
  async () => {
    const sku = await shop.stocked(UNITS);
    const carts = await shop.copies((await shop.cartWith([{ sku, quantity: 1 }])).id, BUYERS);
    const outcomes = new Map<string, Outcome>();
    let keys = 0;
    const buy = async (cartId: string, first = shop.of("order").any()): Promise<void> => {
      // Who was sent away because somebody died comes again.
      for (;;) {
        const outcome = await shop.checkOut({ cartId, key: `key-${++keys}`, payment: { provider: "manual" } }, first);
        outcomes.set(cartId, outcome);
        if (outcome.placed || outcome.reason === "OUT_OF_STOCK") return;
      }
    };
    const buying = async (wave: string[]): Promise<void> => {
      for (let cartId = wave.pop(); cartId !== undefined; cartId = wave.pop()) await buy(cartId);
    };

    for (let kill = 0; kill < KILLS; kill++) {
      const wave = carts.splice(0, sizeOf(kill));
      const victim = shop.of("order").any();
      const running: Promise<void>[] = [];
      const baits: Bait[] = POINTS.map((point) => ({ point, cartId: wave.pop() as string }));
      await shop.killAmid(victim, baits, {
        random,
        helps: true,
        ended: () => new Set(outcomes.keys()),
        start: (held) => {
          for (const { cartId } of held) running.push(buy(cartId, victim));
        },
        meanwhile: async () => {
          for (let at = 0; at < AT_A_TIME; at++) running.push(buying(wave));
          running.push(shop.killOther("inventory"));
        },
      });
      await Promise.all(running);
    }
    expect(outcomes.size).toBe(BUYERS);

    const placed = [...outcomes.values()].filter(({ placed }) => placed).length;
    // Who came while a checkout was turned back went away with nothing: what it left is sold now.
    const late = await shop.copies((await shop.cartWith([{ sku, quantity: 1 }])).id, UNITS - placed + 1);
    for (const cartId of late) await buy(cartId);

    const count = async (sql: string) => (await shop.sql<{ count: number }>(`select count(*)::int as count from ${sql}`))[0]?.count;
    expect(await count("orders.orders")).toBe(UNITS);
    expect(await count("orders.sagas where finished_at is null")).toBe(0);
    expect(await count("inventory.reservations where status = 'committed'")).toBe(UNITS);
    expect(await count("inventory.reservations where status not in ('committed', 'released')")).toBe(0);
    expect(await count("payment.intents where state = 'authorized'")).toBe(UNITS);
    const [level] = await shop.sql("select on_hand::int, reserved::int from inventory.levels where sku = $1", [sku]);
    expect(level).toEqual({ on_hand: 0, reserved: 0 });
    const [sum] = await shop.sql(
      "select sum(on_hand_difference)::int as left, sum(reserved_difference)::int as held from inventory.movements",
    );
    expect(sum).toEqual({ left: 0, held: 0 });
    for (const { orderId, traces } of await shop.leftBehind()) {
      expect({ orderId, ...traces }).toMatchObject({ reservation: expect.stringMatching(/^(none|released)$/), payment: "none" });
    }
  },
  Math.max(240_000, KILLS * 60_000),
);
