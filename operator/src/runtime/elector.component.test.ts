import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { follow, type KubeObject, resourcePath } from "@plinth/kernel/kube";
import { silentLogger } from "@plinth/kernel/logging";
import { describeCluster, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import { KINDS } from "../kube/kinds.ts";
import type { Lease } from "../kube/lease.ts";
import { CONFIG_MAPS, type ReplicaSettings } from "./test-replica.ts";

/** Short enough to wait for, and long enough that a busy machine renews in time. */
const TIMES = { leaseMs: 4000, renewMs: 2500, retryMs: 250 };

interface Replica {
  readonly process: ChildProcess;
  /** What it said: `leads`, and how it ended. */
  readonly said: string[];
  /** It knows that another one leads. */
  standsBy: boolean;
}

describeCluster("replicas that elect a leader", () => {
  let cluster: TestCluster;
  const replicas: Replica[] = [];
  let watching: AbortController;
  /** Every state of the Lease and of what leaders write, in order of the API server's versions. */
  const history: KubeObject[] = [];
  let looks = new Set<() => void>();

  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster?.stop());
  afterEach(async () => {
    watching.abort();
    for (const { process } of replicas.splice(0)) {
      if (process.exitCode !== null || process.signalCode !== null) continue;
      process.kill("SIGKILL");
      await once(process, "exit");
    }
  });

  async function begin(lease: string): Promise<void> {
    watching = new AbortController();
    history.length = 0;
    looks = new Set();
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "default", name: lease } };
    await cluster.client.request({ method: "POST", path: resourcePath(CONFIG_MAPS, { namespace: "default" }), body: object });
    function note(object: KubeObject): void {
      history.push(object);
      history.sort((one, other) => Number(one.metadata.resourceVersion) - Number(other.metadata.resourceVersion));
      for (const look of looks) look();
    }
    for (const kind of [KINDS.Lease, CONFIG_MAPS]) {
      void follow(cluster.client, kind, {
        namespace: "default",
        fieldSelector: `metadata.name=${lease}`,
        logger: silentLogger,
        signal: watching.signal,
        onReplace: (items) => items.forEach(note),
        onEvent: (_type, object) => note(object),
      });
    }
  }

  function start(lease: string, identity: string, times = TIMES): Replica {
    const settings: ReplicaSettings = { server: cluster.server, tls: cluster.adminCredentials.tls, lease, identity, ...times };
    const program = new URL("./test-replica.ts", import.meta.url).pathname;
    const process = spawn(globalThis.process.execPath, [program, JSON.stringify(settings)], { stdio: ["ignore", "pipe", "inherit"] });
    const replica: Replica = { process, said: [], standsBy: false };
    createInterface({ input: process.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      if (line === "log: another replica leads") replica.standsBy = true;
      else if (!line.startsWith("log: ")) replica.said.push(line);
      for (const look of looks) look();
    });
    replicas.push(replica);
    return replica;
  }

  function until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      function look(): void {
        if (!condition()) return;
        looks.delete(look);
        resolve();
      }
      looks.add(look);
      look();
    });
  }

  const writers = (): string[] =>
    history.flatMap(({ kind, data }) => (kind === "ConfigMap" ? ((data as { writer?: string } | undefined)?.writer ?? []) : []));
  /** Writers one after another: nobody may come back after another one. */
  const turns = (): string[] => writers().filter((writer, index, all) => writer !== all[index - 1]);
  const leaseNow = async (name: string): Promise<Lease> =>
    (await cluster.client.find<Lease>(KINDS.Lease, { namespace: "default", name })) as Lease;

  test("a clean stop ends the work, releases the Lease, and a standby leads without waiting for it to run out", async () => {
    await begin("clean");
    const times = { ...TIMES, leaseMs: 600_000 };
    const one = start("clean", "one", times);
    await until(() => writers().includes("one"));
    const two = start("clean", "two", times);
    const three = start("clean", "three", times);
    await until(() => two.standsBy && three.standsBy);
    one.process.kill("SIGTERM");
    await until(() => one.said.includes("stopped"));
    await until(() => two.said.length + three.said.length > 0);
    await until(() => turns().length === 2);
    expect(turns()).toHaveLength(2);
    const released = history.findIndex((object) => (object as Lease).spec?.holderIdentity === "");
    const last = history.findIndex(({ data }) => (data as { count?: string } | undefined)?.count === "last");
    expect(last).toBeGreaterThan(0);
    expect(released).toBeGreaterThan(last);
    const { spec } = await leaseNow("clean");
    expect(spec).toMatchObject({ holderIdentity: turns()[1], leaseTransitions: 1, leaseDurationSeconds: 600 });
    expect([...two.said, ...three.said]).toEqual(["leads"]);
  });

  test("a killed leader is followed when its Lease has run out", async () => {
    await begin("killed");
    const one = start("killed", "one");
    await until(() => writers().includes("one"));
    const two = start("killed", "two");
    one.process.kill("SIGKILL");
    await until(() => two.said.includes("leads"));
    await until(() => writers().includes("two"));
    expect(turns()).toEqual(["one", "two"]);
    expect((await leaseNow("killed")).spec).toMatchObject({ holderIdentity: "two", leaseTransitions: 1 });
  });

  test("a leader that was frozen while another one took over writes nothing more, and goes", async () => {
    await begin("frozen");
    const one = start("frozen", "one");
    await until(() => writers().includes("one"));
    const two = start("frozen", "two");
    one.process.kill("SIGSTOP");
    await until(() => writers().includes("two"));
    one.process.kill("SIGCONT");
    await until(() => one.said.includes("lost"));
    const seen = writers().length;
    await until(() => writers().length > seen + 20);
    expect(turns()).toEqual(["one", "two"]);
    expect(two.said).toEqual(["leads"]);
  });

  test("a leader that does not reach the API server goes before the Lease runs out", async () => {
    await begin("paused");
    const one = start("paused", "one");
    await until(() => writers().includes("one"));
    cluster.pause();
    try {
      await until(() => one.said.includes("lost"));
    } finally {
      cluster.resume();
    }
    start("paused", "two");
    await until(() => writers().includes("two"));
    expect(turns()).toEqual(["one", "two"]);
  });

  test("a leader stays when somebody writes to the Lease or deletes it", async () => {
    await begin("kept");
    const one = start("kept", "one");
    await until(() => writers().includes("one"));
    const path = resourcePath(KINDS.Lease, { namespace: "default", name: "kept" });
    const annotated = { metadata: { annotations: { note: "by hand" } } };
    await cluster.client.request({ method: "PATCH", path, body: annotated, contentType: "application/merge-patch+json" });
    const renewals = () => new Set(history.map((object) => (object as Lease).spec?.renewTime)).size;
    const before = renewals();
    await until(() => renewals() > before + 2);
    expect((await leaseNow("kept")).metadata.annotations).toEqual({ note: "by hand" });
    await cluster.client.request({ method: "DELETE", path });
    const count = () => writers().length;
    const written = count();
    await until(() => count() > written + 100);
    expect((await leaseNow("kept")).spec).toMatchObject({ holderIdentity: "one" });
    expect(one.said).toEqual(["leads"]);
  });
});
