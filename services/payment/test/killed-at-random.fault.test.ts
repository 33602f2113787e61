import { afterAll, beforeAll, test } from "@jest/globals";
import { seededRandom } from "@plinth/kernel/testing";
import { type Amounts, type KilledPayments, startKilledPayments } from "./killed-payments.ts";
import { type Life, live } from "./payment-life.ts";

/**
 * Many payments at once, each with a life of its own, while processes are killed, answers are lost, requests arrive late and webhooks come twice and
 * in the wrong order. PLINTH_TEST_KILLS makes the run longer, PLINTH_TEST_SEED makes it another.
 */

const KILLS = Number(process.env.PLINTH_TEST_KILLS ?? 3);
const SEED = Number(process.env.PLINTH_TEST_SEED ?? 20_260_711);
const AT_A_TIME = 8;
const random = seededRandom(SEED);

const FAULTS = ["drop-before", "drop-after", "error-before", "error-after", "hang-before", "hang-after", "late"];
const PATHS = ["payment_intents$", "capture$", "cancel$", "refunds$", "confirm$"];

let p: KilledPayments;
beforeAll(async () => {
  const env = { PAYMENT_STRIPE_TIMEOUT: "1s", PAYMENT_RECOVERY_AFTER: "2s", PAYMENT_RECOVERY_EVERY: "300ms" };
  p = await startKilledPayments(env, 3, random);
}, 60_000);
afterAll(() => p?.stop(), 60_000);

const chosen = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

/** Something goes wrong with one of the next requests; what hangs or is late goes on when the next one goes wrong. */
async function trouble(): Promise<() => Promise<void>> {
  const kind = chosen(FAULTS);
  // A connection that breaks is tried once more by Stripe's own client.
  const fault = await p.simulator.fault(kind, chosen(PATHS), kind.startsWith("drop") ? 2 : 1);
  return () => fault.release();
}

test(
  `whoever dies when, each payment is charged once or not at all (seed ${SEED})`,
  async () => {
    const expected = new Map<string, Amounts>();
    let lives = 0;
    let killing = true;
    let living = 0;
    const all = async (workers: readonly Promise<void>[]): Promise<void> => {
      await Promise.all(workers).finally(() => {
        killing = false;
      });
    };
    const liveOn = async (): Promise<void> => {
      living++;
      while (killing) {
        const reference = `ord_${++lives}`;
        const life: Life = {
          reference,
          random: seededRandom(SEED + lives),
          payments: p,
          expect: (amounts) => expected.set(reference, amounts),
        };
        await live(life).catch((error: unknown) => {
          living--;
          throw error;
        });
      }
      living--;
    };
    const kills = async (): Promise<void> => {
      while (killing && p.processes.kills < KILLS) await p.processes.killOne();
      killing = false;
    };
    const troubles = async (): Promise<void> => {
      let before = async (): Promise<void> => {};
      // Whoever waits for a webhook waits until somebody delivers it.
      while (killing || living > 0) {
        const next = await trouble();
        await p.deliver(chosen(["made", "reversed"] as const), chosen([1, 1, 2, 3]));
        await before();
        before = next;
      }
      await before();
    };
    await all([...Array.from({ length: AT_A_TIME }, liveOn), kills(), troubles()]);

    await p.settled();
    await p.deliver("reversed", 2);
    await p.expectBooked(expected);
  },
  Math.max(120_000, KILLS * 15_000),
);
