import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { describeCluster, type Fault, type SeenRequest, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import type { ModuleSpec } from "@plinth/module";
import { jobState } from "./migration-jobs.ts";
import { type Lane, openLane } from "./testing/chaos/lane.ts";
import { type ObservedCluster, observeCluster } from "./testing/chaos/observed-cluster.ts";
import { startOperatorHere } from "./testing/chaos/operator-here.ts";
import { untilQuiet } from "./testing/chaos/quiet.ts";
import { allRun } from "./testing/chaos/story.ts";
import { playControllers } from "./testing/play-controllers.ts";
import { installCrd } from "./testing/test-platform.ts";

const MODULES = 20;
const GIVE_UP_MS = 150_000;
const SHARE_OF_FAULTS = 0.05;

/** The fault at a draw below `SHARE_OF_FAULTS`; the same seed does the same to the same requests in the same order. */
const FAULTS: readonly Fault[] = [
  { kind: "status", status: 409, reason: "Conflict" },
  { kind: "status", status: 429, reason: "TooManyRequests", retryAfter: "0" },
  { kind: "status", status: 500, reason: "InternalError" },
  { kind: "cut" },
  { kind: "lost-answer" },
];

describeCluster("an operator whose API server is unwell", () => {
  const everything = new AbortController();
  const seed = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31));
  let cluster: TestCluster;
  let observed: ObservedCluster;
  const lanes: Lane[] = [];

  beforeAll(async () => {
    process.stderr.write(`CHAOS_SEED=${seed}\n`);
    cluster = await startTestCluster();
    await installCrd(cluster.client);
    observed = await observeCluster(cluster.client, everything.signal);
    playControllers(cluster.client, everything.signal);
  });
  afterAll(async () => {
    everything.abort();
    await Promise.all(lanes.map((lane) => lane.stop()));
    await cluster?.stop();
  });

  test("brings everything to its end all the same, as one whose is well", async () => {
    setTimeout(() => everything.abort(), GIVE_UP_MS).unref();
    const random = randomFrom(seed);
    let faults = 0;
    const choose = ({ kind }: SeenRequest): Fault | undefined => {
      const draw = random();
      if (draw >= SHARE_OF_FAULTS) return undefined;
      faults++;
      if (kind === "watch") return { kind: "reset", lines: Math.floor(random() * 5) };
      return FAULTS[Math.floor((draw / SHARE_OF_FAULTS) * FAULTS.length)];
    };
    const calm = await openLane({ cluster, observed, namespace: "calm", start: startOperatorHere });
    const noisy = await openLane({ cluster, observed, namespace: "noisy", start: startOperatorHere, choose });
    lanes.push(calm, noisy);

    async function both(act: (lane: Lane) => Promise<void>, isOver: (lane: Lane) => boolean, disturb: () => Promise<void>): Promise<void> {
      await Promise.all([Promise.all([act(calm), act(noisy)]), disturb()]);
      for (const lane of [calm, noisy]) {
        await observed.when(
          () => isOver(lane),
          () =>
            `seed ${seed}: ${lane.namespace} does not end:\n${JSON.stringify(lane.modules().map(({ metadata, status }) => [metadata.name, status]))}\n${lane.operator.logTail()}`,
        );
        await untilQuiet(lane);
      }
      expect(noisy.describe()).toEqual(calm.describe());
      calm.remember();
      noisy.remember();
    }

    await both(
      (lane) => eachModule((name, spec) => lane.apply(name, spec)),
      (lane) => lane.modules().length === MODULES && allRun(lane),
      async () => {
        await cluster.restart();
        noisy.proxy.cutAll();
      },
    );
    await both(
      (lane) => eachModule((name, spec) => lane.apply(name, { ...spec, version: "1.1.0", image: `${name}:2` })),
      (lane) => allRun(lane) && lane.modules().every(({ status }) => (status as { version?: string }).version === "1.1.0"),
      async () => {
        await cluster.compact();
        noisy.proxy.cutAll();
      },
    );
    await both(
      (lane) => eachModule((name) => lane.remove(name)),
      (lane) => lane.modules().length === 0,
      () => cluster.restart(),
    );

    expect(faults).toBeGreaterThan(MODULES / 2);
    for (const { namespace } of lanes) {
      for (const [key, values] of observed.secretValues(namespace)) expect([key, values.size]).toEqual([key, 1]);
      const drops = observed.everSeen(namespace, "Job").filter(({ metadata }) => metadata.name.includes("-drop"));
      expect(drops.map((job) => `${job.metadata.name} ${jobState(job)}`).sort()).toEqual(
        names()
          .filter((name) => specOf(name).deletionPolicy === "Delete")
          .map((name) => `${name}-drop succeeded`)
          .sort(),
      );
    }
  }, 300_000);
});

const names = (): string[] => Array.from({ length: MODULES }, (_, index) => `m${String(index).padStart(2, "0")}`);

/** Each needs the one of half its number; every fifth has data, every tenth wants them dropped. */
function specOf(name: string): Partial<ModuleSpec> {
  const index = Number(name.slice(1));
  return {
    image: `${name}:1`,
    ports: { http: 8000 },
    ...(index > 0 && { dependencies: [{ module: `m${String(Math.floor(index / 2)).padStart(2, "0")}` }] }),
    ...(index % 5 === 0 && { database: {} }),
    ...(index % 10 === 0 && { deletionPolicy: "Delete" as const }),
    ...(index % 7 === 0 && { secrets: [{ name: "KEY", from: { secret: `${name}-keys`, key: "key" }, generate: true }] }),
  };
}

/** One after the other, against an API server that may be away at the moment. */
async function eachModule(act: (name: string, spec: Partial<ModuleSpec>) => Promise<void>): Promise<void> {
  for (const name of names()) {
    for (let done = false; !done; ) {
      done = await act(name, specOf(name)).then(
        () => true,
        (error: { status?: number }) => error.status === 404,
      );
    }
  }
}

/** mulberry32 */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
