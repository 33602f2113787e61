import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { silentLogger } from "@plinth/kernel/logging";
import { describeCluster, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import { eventually, freePort } from "@plinth/kernel/testing";
import type { ModuleStatus } from "@plinth/module";
import { followCluster } from "../module/cluster-state.ts";
import { DEFAULT_SETTINGS } from "../module/settings.ts";
import { installCrd, startTestPlatform, type TestPlatform } from "../module/testing/test-platform.ts";
import { runConsulController } from "./consul-controller.ts";
import { type ConsulKv, createConsulKv } from "./consul-kv.ts";
import { ownFlags } from "./consul-mirror.ts";

const PROGRAM = process.env.PLINTH_CONSUL;
const OWNER = "plinth/plinth";
const MATRIX = "service-permissions/pricing-service/catalog-service";
const CONFIG = "service-config/catalog-service/config";

if (PROGRAM === undefined) process.stderr.write('"Consul" needs PLINTH_CONSUL: eval "$(node scripts/components.ts consul)"\n');
const suite: typeof describeCluster = PROGRAM === undefined && process.env.CI !== "true" ? describe.skip : describeCluster;

suite("Consul", () => {
  const { signal } = new AbortController();
  let agent: ChildProcess;
  let kv: ConsulKv;
  let cluster: TestCluster;
  let platform: TestPlatform;
  let count = 0;
  let stop: AbortController;
  let running: Promise<void>;

  beforeAll(async () => {
    const [http, server, serf] = [await freePort(), await freePort(), await freePort()];
    const off = ["dns", "grpc", "grpc-tls", "serf-wan"].map((name) => `-${name}-port=-1`);
    const ports = [`-http-port=${http}`, `-server-port=${server}`, `-serf-lan-port=${serf}`, ...off];
    agent = spawn(PROGRAM ?? "consul", ["agent", "-dev", "-bind=127.0.0.1", ...ports], { stdio: "ignore" });
    const url = `http://127.0.0.1:${http}`;
    await eventually(async () => (await (await fetch(`${url}/v1/status/leader`)).text()).length > 2);
    kv = createConsulKv({ url });
    cluster = await startTestCluster();
    await installCrd(cluster.client);
  });
  afterEach(async () => {
    stop.abort();
    await running;
    await platform.stop();
    for (const prefix of ["service-permissions/", "service-config/"])
      for (const { key } of await kv.list(prefix, signal)) await kv.delete(key, signal);
  });
  afterAll(async () => {
    await cluster?.stop();
    agent.kill("SIGKILL");
    await once(agent, "exit");
  });

  /** Two modules of which one calls the other, and an operator that tells Consul. */
  async function aPlatform(): Promise<TestPlatform> {
    count++;
    platform = await startTestPlatform(cluster, `consul-${count}`);
    follow();
    await platform.apply("catalog", { ports: { http: 80 }, config: { color: "red" } });
    await platform.apply("pricing", {
      dependencies: [{ module: "catalog" }],
      calls: [{ to: "catalog", endpoints: [{ path: "/products/{id}", methods: ["GET"] }], rateLimit: 100, timeout: "2s" }],
    });
    await platform.statusWhen("pricing", ({ phase }: ModuleStatus) => phase === "Running");
    return platform;
  }

  function follow(): void {
    stop = new AbortController();
    const namespaces = [platform.namespace];
    const state = followCluster({
      client: cluster.client,
      settings: DEFAULT_SETTINGS,
      namespaces,
      logger: silentLogger,
      signal: stop.signal,
    });
    running = runConsulController({ kv, owner: OWNER, state, logger: silentLogger, resyncMs: 300 }, stop.signal, signal);
  }

  const find = async (key: string): Promise<unknown> => {
    const entry = (await kv.list(key, signal)).find((one) => one.key === key);
    return entry === undefined ? undefined : JSON.parse(entry.value);
  };
  const keys = async (): Promise<string[]> =>
    (await Promise.all(["service-permissions/", "service-config/"].map((prefix) => kv.list(prefix, signal)))).flat().map(({ key }) => key);

  test("has who may call whom and each module's configuration, as they are declared now", async () => {
    const { apply } = await aPlatform();
    const grant = await eventually(() => find(MATRIX));
    expect(grant).toEqual({
      permissions: [],
      endpoints: [{ path: "/products/{id}", methods: ["GET", "HEAD"] }],
      rate_limit: 100,
      timeout: "2s",
    });
    expect(await eventually(() => find(CONFIG))).toEqual({ color: "red" });
    expect(await find("service-config/pricing-service/config")).toEqual({});

    await apply("catalog", { ports: { http: 80 }, config: { color: "blue" } });
    await eventually(async () => ((await find(CONFIG)) as { color?: string } | undefined)?.color === "blue");
    await apply("pricing", { dependencies: [{ module: "catalog" }] });
    await eventually(async () => (await find(MATRIX)) === undefined);
  });

  test("gets back what somebody changed or deleted there, and keeps what is somebody else's", async () => {
    await aPlatform();
    const grant = await eventually(() => find(MATRIX));
    const theirs = { key: "service-config/legacy-service/config", value: '{"theirs":true}', flags: 0 };
    await kv.put(theirs, signal);
    await kv.put({ key: MATRIX, value: '{"permissions":["*"]}', flags: 0 }, signal);
    await kv.put({ key: "service-permissions/nobody-service/catalog-service", value: "{}", flags: ownFlags(OWNER) }, signal);
    await kv.delete(CONFIG, signal);
    await eventually(async () => JSON.stringify(await find(MATRIX)) === JSON.stringify(grant));
    await eventually(async () => (await find(CONFIG)) !== undefined);
    await eventually(async () => (await find("service-permissions/nobody-service/catalog-service")) === undefined);
    expect(await find(theirs.key)).toEqual({ theirs: true });
  });

  test("forgets a module that goes, also one that went while no operator was there", async () => {
    const { remove, objectWhen } = await aPlatform();
    await eventually(() => find(MATRIX));
    await remove("Module", "pricing");
    await eventually(async () => (await keys()).every((key) => !key.includes("pricing")));
    expect(await keys()).toEqual([CONFIG]);
    stop.abort();
    await running;
    await remove("Module", "catalog");
    await objectWhen("Module", "catalog", (module) => module === undefined);
    expect(await keys()).toEqual([CONFIG]);
    follow();
    await eventually(async () => (await keys()).length === 0);
  });

  test("that is not asked as it should be says so", async () => {
    await aPlatform();
    await expect(kv.put({ key: "", value: "", flags: 0 }, signal)).rejects.toThrow(/Consul answered 4\d\d to PUT/);
  });
});
