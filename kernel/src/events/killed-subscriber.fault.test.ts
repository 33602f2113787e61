import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { eventually } from "../testing/eventually.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { createEventModules, type EventModules } from "../testing/test-event-modules.ts";

const KILLS = 50;
const COUNTERS = 17;
/** Instances alive at a time, so that a killed one's partitions move to another while the next one starts. */
const INSTANCES = 3;
const SCRIPT = join(import.meta.dirname, "../testing/ledger-process.ts");

let modules: EventModules;
const alive: ChildProcess[] = [];

beforeEach(async () => {
  modules = await createEventModules();
});
afterEach(async () => {
  await Promise.all(alive.splice(0).map(kill));
  await modules.close();
});

test("a subscriber killed at any moment loses no event, doubles none and keeps the order of each key", async () => {
  const random = seededRandom(20_260_101);
  await modules.startRelay();
  for (let instance = 0; instance < INSTANCES; instance++) start();

  const steps = new Array<number>(COUNTERS).fill(0);
  let published = 0;
  let effects = 0;
  let killing = true;
  const publishing = (async () => {
    while (killing) {
      // Ahead of the subscribers, so that a kill always interrupts work, but not by much, so that there is an end.
      await eventually(async () => {
        effects = await modules.countEffects();
        return published - effects < 600 || !killing;
      });
      const batch = Array.from({ length: 1 + Math.floor(random() * 60) }, () => {
        const counter = Math.floor(random() * COUNTERS);
        steps[counter] = (steps[counter] ?? 0) + 1;
        return { counterId: `counter-${counter}`, step: steps[counter] };
      });
      await modules.publish(...batch);
      published += batch.length;
    }
  })();

  for (let kills = 0; kills < KILLS; kills++) {
    // A random piece of progress further on: in the middle of a batch, of a commit, of a start.
    const next = effects + Math.floor(random() * 80);
    await eventually(() => effects >= next);
    const [victim] = alive.splice(Math.floor(random() * alive.length), 1);
    if (victim !== undefined) await kill(victim);
    start();
  }
  killing = false;
  await publishing;
  await eventually(async () => (await modules.countEffects()) >= published);

  const [counts] = await modules.ledger.database.read((tx) =>
    tx.query<{ effects: number; events: number; noted: number }>(
      `select (select count(*)::int from effects) as effects, (select count(distinct event_id)::int from effects) as events,
              (select count(*)::int from inbox) as noted`,
    ),
  );
  expect(counts).toEqual({ effects: published, events: published, noted: published });
  for (const [counter, last] of steps.entries()) {
    expect(await modules.steps(`counter-${counter}`)).toEqual(Array.from({ length: last }, (_, index) => index + 1));
  }
}, 120_000);

function start(): void {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", SCRIPT, modules.ledger.url], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  alive.push(child);
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
