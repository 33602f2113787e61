import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { PlinthError } from "@plinth/kernel/base";
import { type KilledProcesses, seededRandom } from "@plinth/kernel/testing";
import { type StockPlatform, startStockProcesses } from "./stock-platform.ts";

/** A thousand buyers of a hundred units, over three processes of the service that are killed in mid-work. */

const BUYERS = 1000;
const UNITS = 100;
/** At a time: more would wait for a connection. */
const AT_A_TIME = 24;
const KILLS = Number(process.env.PLINTH_TEST_KILLS ?? 6);
const random = seededRandom(20_260_711);

let p: StockPlatform & { processes: KilledProcesses };
beforeAll(async () => {
  p = await startStockProcesses(3, random);
}, 60_000);
afterAll(() => p.stop());

/** Far above what any call needs, with its repetitions. */
const GIVE_UP_AFTER_MS = 30_000;

/** Asks one process after the other until one answers: whoever got no answer asks again. Answers the reason of a refusal. */
async function untilAnswered(call: (stock: ReturnType<StockPlatform["as"]>) => Promise<unknown>): Promise<string> {
  for (const giveUpAt = performance.now() + GIVE_UP_AFTER_MS; ; ) {
    try {
      await call(p.by(p.processes.any()));
      return "";
    } catch (error) {
      if (error instanceof PlinthError && error.code === "CONFLICT") return error.reason;
      const worthAnother = error instanceof PlinthError && ["SERVICE_UNAVAILABLE", "TIMEOUT"].includes(error.code);
      if (!worthAnother || performance.now() > giveUpAt) throw error;
    }
  }
}

/** Every second one changes his mind; the others take what they reserved. */
async function buy(sku: string, buyer: number): Promise<"bought" | "left" | "sold out"> {
  const reference = `killed_${buyer}`;
  const place = buyer % 3 === 0 ? {} : { warehouseId: p.warehouseId };
  const refused = await untilAnswered((stock) => stock.reserve({ reference, lines: [{ sku, quantity: 1n, ...place }] }));
  if (refused !== "") {
    expect(refused).toBe("OUT_OF_STOCK");
    return "sold out";
  }
  const leaves = buyer % 2 === 0;
  expect(await untilAnswered((stock) => stock[leaves ? "releaseReservation" : "commitReservation"]({ reference }))).toBe("");
  return leaves ? "left" : "bought";
}

test("exactly a hundred are sold, whoever dies in between, and the sum of the ledger is the level", async () => {
  const sku = await p.stocked(UNITS);
  const outcomes: string[] = [];
  let next = 0;
  let selling = true;
  const buying = async () => {
    // After the last one others come until all kills took place: a kill is to hit somebody at work.
    while (selling && (next < BUYERS || p.processes.kills < KILLS)) outcomes.push(await buy(sku, next++));
  };
  const buyers = Array.from({ length: AT_A_TIME }, () =>
    buying().catch((error: unknown) => {
      selling = false;
      throw error;
    }),
  );
  const killing = (async () => {
    while (selling && p.processes.kills < KILLS) await p.processes.killOne();
  })();
  await Promise.all([...buyers, killing]);

  const sold = outcomes.filter((outcome) => outcome === "bought").length;
  // Who came while others hesitated went away with nothing: what they left is sold now.
  for (let left = UNITS - sold; left > 0; left--) {
    const reference = `late_${left}`;
    expect(await untilAnswered((stock) => stock.reserve({ reference, lines: [{ sku, quantity: 1n }] }))).toBe("");
    expect(await untilAnswered((stock) => stock.commitReservation({ reference }))).toBe("");
  }
  expect(await untilAnswered((stock) => stock.reserve({ reference: "too-late", lines: [{ sku, quantity: 1n }] }))).toBe("OUT_OF_STOCK");

  const [committed] = await p.sql("select count(*)::int as count from inventory.reservations where status = 'committed'");
  expect(committed).toEqual({ count: UNITS });
  expect(await p.sql("select status from inventory.reservations where status = 'held'")).toEqual([]);
  const [level] = await p.sql("select on_hand::int, reserved::int from inventory.levels where sku = $1", [sku]);
  expect(level).toEqual({ on_hand: 0, reserved: 0 });
  expect(await p.unbalanced()).toEqual([]);
}, 300_000);
