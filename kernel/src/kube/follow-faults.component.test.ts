import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { silentLogger } from "../logging/silent-logger.ts";
import { type Churn, createChurn } from "../test-cluster/churn.ts";
import { describeCluster } from "../test-cluster/describe-cluster.ts";
import { type Fault, type FaultProxy, startFaultProxy } from "../test-cluster/fault-proxy.ts";
import { type Follower, startFollower } from "../test-cluster/follower.ts";
import { startTestCluster, type TestCluster } from "../test-cluster/test-cluster.ts";
import { eventually } from "../testing/eventually.ts";
import { createKubeClient, type KubeClient } from "./client.ts";

/** Short, so that the test need not wait; the server's bookmarks come once a minute. */
const IDLE_MS = 700;

describeCluster("a watch, whatever happens to it", () => {
  let cluster: TestCluster;
  let proxy: FaultProxy;
  let client: KubeClient;
  let churn: Churn;
  let follower: Follower;
  let runs = 0;

  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster?.stop());
  beforeEach(async () => {
    proxy = await startFaultProxy({ target: cluster.server, serving: cluster.serving, credentials: cluster.adminCredentials });
    const { ca = "" } = cluster.adminCredentials.tls;
    client = createKubeClient(cluster.connect({ server: proxy.server, credentials: { tls: { ca }, headers: {} } }), {
      logger: silentLogger,
    });
    churn = createChurn(cluster.client, `run${++runs}`);
    await churn.run(20);
  });
  afterEach(async () => {
    await follower?.stop();
    await client.connection.close();
    await proxy.close();
  });

  async function start(options: { idleMs?: number } = {}): Promise<void> {
    follower = startFollower(client, { labelSelector: churn.labelSelector, ...options });
    await eventually(() => follower.replaces === 1 && proxy.openWatches === 1);
  }

  /** Everything that is there is known, in its last state, and nothing else. */
  async function caughtUp(): Promise<void> {
    const present = await churn.present();
    await eventually(() => sameEntries(follower.known, present));
    expect(follower.contradictions).toEqual([]);
    expect(follower.ended).toBe(false);
  }

  async function happen(fault: Fault): Promise<void> {
    proxy.plan("watch", fault);
    // The watch under way has no fault; the next one has it.
    proxy.cutAll();
    while (proxy.planned > 0) await churn.run(5);
    await churn.run(40);
    await caughtUp();
  }

  test("without a fault it is one list and one watch", async () => {
    await start();
    await churn.run(150);
    await caughtUp();
    expect(follower.replaces).toBe(1);
  });

  const RESUMES: readonly (readonly [string, Fault])[] = [
    ["a reset in the middle of a line", { kind: "reset", lines: 3 }],
    ["an end in the middle of a line", { kind: "cut-json", lines: 3 }],
    ["a line that is no JSON", { kind: "garbage", lines: 3 }],
    ["silence, with the socket open", { kind: "silence", lines: 3 }],
    ["an error of the server in the stream", { kind: "error-event", lines: 3, code: 500, reason: "InternalError" }],
    ["429 with Retry-After", { kind: "status", status: 429, retryAfter: "1" }],
    ["500", { kind: "status", status: 500 }],
    ["503 with Retry-After", { kind: "status", status: 503, retryAfter: "1" }],
    ["403, as between two versions of a role", { kind: "status", status: 403, reason: "Forbidden" }],
    ["an answer that trickles", { kind: "trickle", bytes: 101 }],
  ];
  for (const [name, fault] of RESUMES) {
    test(`goes on where it was after ${name}`, async () => {
      await start({ idleMs: IDLE_MS });
      await happen(fault);
      expect(follower.replaces).toBe(1);
    });
  }

  const RELISTS: readonly (readonly [string, Fault])[] = [
    ["410 as the answer", { kind: "status", status: 410, reason: "Expired" }],
    ["410 in the stream", { kind: "error-event", lines: 3, code: 410, reason: "Expired" }],
  ];
  for (const [name, fault] of RELISTS) {
    test(`lists once after ${name}`, async () => {
      await start();
      await happen(fault);
      expect(follower.replaces).toBe(2);
    });
  }

  test("lists once when every one of the first answers fails", async () => {
    proxy.plan("list", { kind: "status", status: 503 });
    proxy.plan("list", { kind: "lost-answer" });
    await start();
    await churn.run(20);
    await caughtUp();
    expect(follower.replaces).toBe(1);
  });

  test("asks for the initial state as a stream, and lists where the server has no such stream", async () => {
    await start();
    expect(proxy.counts.initial).toBe(1);
    // Either the stream went on as the watch, or the list had one after it.
    expect(proxy.counts.watch - proxy.counts.list).toBe(1);
    await churn.run(20);
    await caughtUp();
  });

  test("tells of nothing before all of it is there", async () => {
    proxy.plan("watch", { kind: "reset", lines: 0 });
    proxy.plan("watch", { kind: "reset", lines: 5 });
    proxy.plan("watch", { kind: "cut-json", lines: 10 });
    await start();
    expect(follower.known.size).toBe(Object.keys(await churn.present()).length);
    await churn.run(20);
    await caughtUp();
    expect(follower.replaces).toBe(1);
  });

  test("survives many faults in a row, each in another place", async () => {
    await start({ idleMs: IDLE_MS });
    for (let lines = 0; lines < 12; lines++) {
      proxy.plan("watch", lines % 3 === 2 ? { kind: "cut-json", lines } : { kind: "reset", lines });
    }
    proxy.cutAll();
    while (proxy.planned > 0) await churn.run(5);
    await caughtUp();
    expect(follower.replaces).toBe(1);
  });

  test("does not notice a compaction while it is connected", async () => {
    await start();
    await churn.run(20);
    await cluster.compact();
    await churn.run(20);
    await caughtUp();
    expect(follower.replaces).toBe(1);
  });

  test("lists at most once after a restart of the API server", async () => {
    await start();
    await churn.run(20);
    await cluster.restart({ signal: "SIGKILL" });
    await churn.run(40);
    await caughtUp();
    expect(follower.replaces).toBeLessThanOrEqual(2);
  });

  test("lists once when what it missed was compacted meanwhile", async () => {
    await start();
    proxy.refuse = true;
    await churn.run(60);
    await cluster.compact();
    await cluster.restart();
    proxy.refuse = false;
    await churn.run(20);
    await caughtUp();
    expect(follower.replaces).toBe(2);
  });

  test("notices by itself that the API server stands still", async () => {
    await start({ idleMs: IDLE_MS });
    const watches = proxy.counts.watch;
    cluster.pause();
    await eventually(() => proxy.counts.watch > watches);
    cluster.resume();
    await churn.run(20);
    await caughtUp();
    expect(follower.replaces).toBe(1);
  });
});

function sameEntries(known: ReadonlyMap<string, string>, present: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(present);
  return known.size === names.length && names.every((name) => known.get(name) === present[name]);
}
