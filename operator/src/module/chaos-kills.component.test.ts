import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { KubeObject } from "@plinth/kernel/kube";
import { describeCluster, type Fault, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import { jobState } from "./migration-jobs.ts";
import { REVISIONS_KEPT } from "./revisions.ts";
import { type Lane, openLane } from "./testing/chaos/lane.ts";
import { type ObservedCluster, observeCluster } from "./testing/chaos/observed-cluster.ts";
import { startOperatorHere } from "./testing/chaos/operator-here.ts";
import { startOperatorProcess } from "./testing/chaos/operator-process.ts";
import { untilQuiet } from "./testing/chaos/quiet.ts";
import { type Chapter, STORY } from "./testing/chaos/story.ts";
import { type Players, playControllers } from "./testing/play-controllers.ts";
import { installCrd } from "./testing/test-platform.ts";

const GIVE_UP_MS = 280_000;
/** Where the operator is a process it starts anew for one point in so many. */
const SAMPLE = 12;

type Moment = "before" | "after";

/** How an undisturbed run of a chapter ended. */
interface Model {
  readonly writes: readonly string[];
  readonly lines: readonly string[];
}

interface Killer {
  /** Where it killed, and when. */
  readonly killed: ReadonlyMap<string, Moment>;
  begin(chapter: Chapter): void;
  choose(write: string | undefined, lane: Lane): Promise<Fault | undefined>;
}

/**
 * At each write of a chapter one kill, before the API server hears of it or after it has done it, as `momentOf` says. What the operator sent beside that write
 * is `lost` with it, so that it comes to each write again, or was `sent` all the same.
 */
function createKiller(momentOf: (point: string) => Moment | undefined, beside: "lost" | "sent"): Killer {
  const killed = new Map<string, Moment>();
  let chapter = "";
  let isKilling = false;

  async function kill(lane: Lane): Promise<void> {
    await lane.operator.kill();
    isKilling = false;
  }

  return {
    killed,
    begin(next) {
      chapter = next.name;
    },
    async choose(write, lane) {
      if (write === undefined || chapter === "") return undefined;
      if (isKilling) return beside === "lost" ? { kind: "cut" } : undefined;
      const point = `${chapter}: ${write}`;
      const moment = killed.has(point) ? undefined : momentOf(point);
      if (moment === undefined) return undefined;
      killed.set(point, moment);
      isKilling = true;
      if (moment === "after") return { kind: "lost-answer", done: () => kill(lane) };
      await kill(lane);
      return { kind: "cut" };
    },
  };
}

describeCluster("an operator that is killed", () => {
  const everything = new AbortController();
  const chapters = STORY.map((chapter) => ({ chapter, model: Promise.withResolvers<Model>() }));
  let lanes: readonly Lane[] = [];
  let cluster: TestCluster;
  let observed: ObservedCluster;
  let players: Players;

  beforeAll(async () => {
    cluster = await startTestCluster();
    await installCrd(cluster.client);
    observed = await observeCluster(cluster.client, everything.signal);
    players = playControllers(cluster.client, everything.signal);
  });
  afterAll(async () => {
    everything.abort();
    await Promise.all(lanes.map((lane) => lane.stop()));
    await cluster?.stop();
  });

  async function runUndisturbed(lane: Lane): Promise<void> {
    for (const { chapter, model } of chapters) {
      lane.writes.length = 0;
      await chapter.act(lane, players);
      await observed.when(
        () => chapter.isOver(lane),
        () => `"${chapter.name}" does not end:\n${lane.describe().join("\n")}\n${lane.operator.logTail()}`,
      );
      await untilQuiet(lane);
      model.resolve({ writes: [...new Set(lane.writes)], lines: lane.describe() });
      lane.remember();
    }
  }

  async function runKilled(lane: Lane, { begin }: Killer): Promise<void> {
    for (const { chapter, model } of chapters) {
      begin(chapter);
      await chapter.act(lane, players);
      const { lines } = await model.promise;
      await observed.when(
        () => sameLines(lane.describe(), lines),
        () => `"${chapter.name}" does not end as without kills:\n${difference(lane.describe(), lines)}\n${lane.operator.logTail()}`,
      );
      lane.remember();
    }
  }

  test("at any write, before it or after it, leaves nothing that the next one does not bring to its end", async () => {
    setTimeout(() => everything.abort(), GIVE_UP_MS).unref();
    const here = (point: string, moment: boolean): Moment => (isOdd(point) === moment ? "before" : "after");
    const one = createKiller((point) => here(point, true), "lost");
    const other = createKiller((point) => here(point, false), "lost");
    const real = createKiller((point) => (hashOf(point) % SAMPLE === 0 ? here(point, true) : undefined), "sent");
    const common = { cluster, observed };
    lanes = await Promise.all([
      openLane({ ...common, namespace: "calm", start: startOperatorHere }),
      openLane({
        ...common,
        namespace: "killed-one",
        start: startOperatorHere,
        choose: (_request, write, lane) => one.choose(write, lane),
      }),
      openLane({
        ...common,
        namespace: "killed-other",
        start: startOperatorHere,
        choose: (_request, write, lane) => other.choose(write, lane),
      }),
      openLane({
        ...common,
        namespace: "process",
        start: startOperatorProcess,
        choose: (_request, write, lane) => real.choose(write, lane),
      }),
    ]);
    const [calm, first, second, third] = lanes as [Lane, Lane, Lane, Lane];
    await Promise.all([runUndisturbed(calm), runKilled(first, one), runKilled(second, other), runKilled(third, real)]);

    const models = await Promise.all(chapters.map(({ model }) => model.promise));
    // How often a status is written on the way is a matter of who is faster.
    const expected = models.flatMap(({ writes }, index) => writes.map((write) => `${STORY[index]?.name}: ${write}`));
    for (const { killed } of [one, other]) expect(expected.filter((point) => !killed.has(point) && !point.endsWith("/status"))).toEqual([]);
    expect(one.killed.size + other.killed.size).toBeGreaterThanOrEqual(80);
    expect(real.killed.size).toBeGreaterThanOrEqual(4);

    for (const { namespace } of lanes) {
      for (const [key, values] of observed.secretValues(namespace)) expect([key, values.size]).toEqual([key, 1]);
      const drops = observed.everSeen(namespace, "Job").filter(({ metadata }) => metadata.name.includes("-drop"));
      expect(drops.map((job) => [job.metadata.name, jobState(job)])).toEqual([["pricing-drop", "succeeded"]]);
      const revisions = observed.objects(namespace).filter(({ kind }) => kind === "ControllerRevision");
      for (const many of Map.groupBy(revisions, ownerOf).values()) expect(many.length).toBeLessThanOrEqual(REVISIONS_KEPT);
    }
  }, 330_000);
});

const ownerOf = ({ metadata }: KubeObject): string => metadata.ownerReferences?.[0]?.uid ?? "";

function hashOf(text: string): number {
  return [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 1_000_003, 0);
}

const isOdd = (text: string): boolean => hashOf(text) % 2 === 1;

function sameLines(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((line, index) => line === other[index]);
}

function difference(is: readonly string[], wanted: readonly string[]): string {
  return [
    ...wanted.filter((line) => !is.includes(line)).map((line) => `- ${line}`),
    ...is.filter((line) => !wanted.includes(line)).map((line) => `+ ${line}`),
  ].join("\n");
}
