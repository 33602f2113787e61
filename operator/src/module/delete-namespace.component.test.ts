import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { describeCluster, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import type { ModuleStatus } from "@plinth/module";
import { KINDS } from "../kube/kinds.ts";
import { installCrd, startTestPlatform, type TestPlatform } from "./testing/test-platform.ts";

const PROGRAM = process.env.PLINTH_KUBE_CONTROLLER_MANAGER;
if (PROGRAM === undefined)
  process.stderr.write('"a namespace" needs kube-controller-manager: eval "$(node scripts/components.ts api-server)"\n');
const suite: typeof describeCluster = PROGRAM === undefined && process.env.CI !== "true" ? describe.skip : describeCluster;

suite("a namespace with Modules in it", () => {
  let cluster: TestCluster;
  let platform: TestPlatform;
  let controllers: ChildProcess;

  beforeAll(async () => {
    cluster = await startTestCluster();
    await installCrd(cluster.client);
    const { ca, cert, key } = cluster.adminCredentials.tls;
    const encoded = (text = ""): string => Buffer.from(text).toString("base64");
    const kubeconfig = join(cluster.folder, "controllers.kubeconfig");
    await writeFile(
      kubeconfig,
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": "test",
        contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
        clusters: [{ name: "test", cluster: { server: cluster.server, "certificate-authority-data": encoded(ca) } }],
        users: [{ name: "test", user: { "client-certificate-data": encoded(cert), "client-key-data": encoded(key) } }],
      }),
    );
    // Those that empty a namespace: the one that deletes what is in it, and the one that takes away what has lost its owner.
    const enabled = "--controllers=namespace-controller,garbage-collector-controller";
    controllers = spawn(PROGRAM ?? "", [`--kubeconfig=${kubeconfig}`, enabled, "--leader-elect=false", "--secure-port=0"], {
      stdio: "ignore",
    });
  });
  afterEach(() => platform.stop());
  afterAll(async () => {
    controllers.kill("SIGKILL");
    await once(controllers, "exit");
    await cluster?.stop();
  });

  async function aPlatform(name: string): Promise<TestPlatform> {
    platform = await startTestPlatform(cluster, name);
    const { writer, namespace } = platform;
    const at = { name: "plinth-postgres", namespace };
    await writer.create({ apiVersion: "v1", kind: "Secret", metadata: at, stringData: { url: "postgres://a:b@db.example/shop" } });
    return platform;
  }

  const isRunning = ({ phase }: ModuleStatus): boolean => phase === "Running";

  async function isGone(): Promise<void> {
    const { client, namespace } = platform;
    await client.request({ method: "DELETE", path: `/api/v1/namespaces/${namespace}` });
    while ((await client.find(KINDS.Namespace, { name: namespace })) !== undefined)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await client.list(KINDS.Module, { namespace })).items).toEqual([]);
  }

  test("goes as a whole, with modules that need each other, and data that were to go with them", async () => {
    const { apply, statusWhen } = await aPlatform("going");
    await apply("catalog", { ports: { http: 80 }, replicas: 2, disruption: { minAvailable: 1 } });
    await apply("pricing", { dependencies: [{ module: "catalog" }], autoscaling: { min: 1, max: 2 } });
    await apply("blog", { database: {}, deletionPolicy: "Delete", dependencies: [{ module: "pricing" }] });
    await apply("broken", { dependencies: [{ module: "nobody" }] });
    await statusWhen("blog", isRunning);
    await statusWhen("broken", ({ phase }) => phase === "Rejected");
    await isGone();
  }, 90_000);

  test("goes in the midst of a deletion that waits, and where it is suspended", async () => {
    const { apply, statusWhen, remove, client, namespace, players, objectWhen } = await aPlatform("waiting");
    await apply("blog", { database: {}, deletionPolicy: "Delete" });
    await statusWhen("blog", isRunning);
    players.behave("plinth/services:0.1.0", "pending");
    await remove("Module", "blog");
    await objectWhen("Job", "blog-drop", (job) => job !== undefined);
    await apply("catalog", { image: "catalog:1" });
    await statusWhen("catalog", isRunning);
    await client.request({
      method: "PATCH",
      path: `/api/v1/namespaces/${namespace}`,
      body: { metadata: { labels: { "plinth.dev/suspend": "true" } } },
      contentType: "application/merge-patch+json",
    });
    await platform.idle();
    await isGone();
  }, 90_000);

  test("lets its Modules go before anything else of it does, for the operator may be in it", async () => {
    const { apply, statusWhen, client, namespace, objectWhen } = await aPlatform("own");
    await apply("catalog", {});
    await apply("pricing", { dependencies: [{ module: "catalog" }] });
    await statusWhen("pricing", isRunning);
    controllers.kill("SIGSTOP");
    await client.request({ method: "DELETE", path: `/api/v1/namespaces/${namespace}` });
    for (const name of ["catalog", "pricing"])
      await objectWhen("Module", name, (module) => module !== undefined && (module.metadata.finalizers ?? []).length === 0);
    controllers.kill("SIGCONT");
    while ((await client.find(KINDS.Namespace, { name: namespace })) !== undefined)
      await new Promise((resolve) => setTimeout(resolve, 100));
  }, 90_000);
});
