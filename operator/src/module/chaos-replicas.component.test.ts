import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { describeCluster, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import { type Lane, openLane } from "./testing/chaos/lane.ts";
import { type ObservedCluster, observeCluster } from "./testing/chaos/observed-cluster.ts";
import { startOperatorHere } from "./testing/chaos/operator-here.ts";
import { type PausableOperator, startOperatorProcess } from "./testing/chaos/operator-process.ts";
import { untilQuiet } from "./testing/chaos/quiet.ts";
import { STORY } from "./testing/chaos/story.ts";
import { type Players, playControllers } from "./testing/play-controllers.ts";
import { installCrd } from "./testing/test-platform.ts";

const GIVE_UP_MS = 110_000;
const [create, , , upgrade] = STORY;

describeCluster("operators that come, go and take turns", () => {
  const everything = new AbortController();
  const lanes: Lane[] = [];
  let cluster: TestCluster;
  let observed: ObservedCluster;
  let players: Players;
  let standby: PausableOperator | undefined;

  beforeAll(async () => {
    setTimeout(() => everything.abort(), GIVE_UP_MS).unref();
    cluster = await startTestCluster();
    await installCrd(cluster.client);
    observed = await observeCluster(cluster.client, everything.signal);
    players = playControllers(cluster.client, everything.signal);
  });
  afterAll(async () => {
    everything.abort();
    await standby?.stop();
    await Promise.all(lanes.map((lane) => lane.stop()));
    await cluster?.stop();
  });

  async function tell(lane: Lane, chapter = create): Promise<void> {
    await chapter?.act(lane, players);
    await untilOver(lane, chapter);
  }

  async function untilOver(lane: Lane, chapter = create): Promise<void> {
    await observed.when(
      () => chapter?.isOver(lane) === true,
      () => `"${chapter?.name}" does not end:\n${lane.describe().join("\n")}\n${lane.operator.logTail()}\n${standby?.logTail()}`,
    );
  }

  test("write nothing where nothing changed: not after a restart, and not when everything is read again", async () => {
    const lane = await openLane({ cluster, observed, namespace: "quiet", start: startOperatorHere });
    lanes.push(lane);
    await tell(lane);
    await untilQuiet(lane);
    lane.writes.length = 0;

    const reads = lane.proxy.counts.watch;
    await lane.operator.restart();
    await untilQuiet(lane);
    expect(lane.writes).toEqual([]);
    expect(lane.proxy.counts.watch).toBeGreaterThan(reads);

    const initial = lane.proxy.counts.initial + lane.proxy.counts.list;
    for (let left = lane.proxy.openWatches; left > 0; left--) {
      lane.proxy.plan("watch", { kind: "status", status: 410, reason: "Expired" });
    }
    lane.proxy.cutAll();
    await untilQuiet(lane);
    expect(lane.writes).toEqual([]);
    expect(lane.proxy.counts.initial + lane.proxy.counts.list).toBeGreaterThan(initial);
  });

  test("do not write both: one that stood still in the middle of a roll-out finds that another has gone on, and writes no more", async () => {
    let pauseAt: string | undefined;
    const paused = Promise.withResolvers<void>();
    let leader: PausableOperator | undefined;
    const lane = await openLane({
      cluster,
      observed,
      namespace: "turns",
      async start(options) {
        leader = await startOperatorProcess(options);
        return leader;
      },
      choose(_request, write) {
        if (pauseAt === undefined || write?.endsWith(pauseAt) !== true) return undefined;
        pauseAt = undefined;
        leader?.pause();
        paused.resolve();
        return undefined;
      },
    });
    lanes.push(lane);
    await tell(lane);
    await untilQuiet(lane);
    // It writes past the proxy, so that the lane's writes are the first one's alone.
    standby = await startOperatorProcess({ cluster, server: cluster.server, namespace: "turns", identity: "turns-standby" });

    pauseAt = "/deployments/catalog";
    await upgrade?.act(lane, players);
    await paused.promise;
    lane.writes.length = 0;
    await untilOver(lane, upgrade);
    const { starts } = lane.operator;
    leader?.resume();
    await whenChanged(() => lane.operator.starts > starts);
    await untilQuiet(lane);
    expect(lane.writes).toEqual([]);
  }, 120_000);
});

/** Processes tell nothing by themselves. */
async function whenChanged(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 50));
}
