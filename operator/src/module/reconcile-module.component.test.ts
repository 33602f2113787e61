import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import type { KubeObject } from "@plinth/kernel/kube";
import { describeCluster, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import type { ModuleStatus } from "@plinth/module";
import { KINDS } from "../kube/kinds.ts";
import { installCrd, startTestPlatform, type TestPlatform } from "./testing/test-platform.ts";

const reasonOf = (status: ModuleStatus, type: string): string => {
  const condition = status.conditions?.find((one) => one.type === type);
  return `${condition?.status}/${condition?.reason}`;
};

describeCluster("a Module", () => {
  let cluster: TestCluster;
  let platform: TestPlatform;
  let count = 0;

  beforeAll(async () => {
    cluster = await startTestCluster();
    await installCrd(cluster.client);
  });
  afterAll(() => cluster?.stop());
  afterEach(() => platform?.stop());

  async function aPlatform(): Promise<TestPlatform> {
    count++;
    platform = await startTestPlatform(cluster, `reconcile-${count}`);
    return platform;
  }

  const isRunning = ({ phase }: ModuleStatus): boolean => phase === "Running";

  test("runs once it is applied, with all its children, in as many writes and two", async () => {
    const { apply, statusWhen, find, writes } = await aPlatform();
    await apply("catalog", { ports: { http: 8001 }, replicas: 2 });
    const status = await statusWhen("catalog", isRunning);
    expect(status).toMatchObject({ version: "1.0.0", replicas: 2, readyReplicas: 2, summary: { ready: "2/2" } });
    expect(status.conditions).toHaveLength(9);
    expect(reasonOf(status, "Ready")).toBe("True/Running");
    const children = ["ServiceAccount", "Role", "RoleBinding", "Service", "NetworkPolicy", "Deployment"] as const;
    for (const kind of children) {
      expect((await find(kind, "catalog"))?.metadata.ownerReferences).toMatchObject([
        { kind: "Module", name: "catalog", controller: true },
      ]);
    }
    expect(await find("ConfigMap", "catalog-module")).toBeDefined();
    expect(await find("ControllerRevision", status.currentRevision ?? "")).toBeDefined();
    expect(writes).toHaveLength(children.length + 2 + 2);
  });

  test("that has not changed costs nothing when the operator comes again", async () => {
    const { apply, statusWhen, writes, restart, idle } = await aPlatform();
    await apply("catalog", { ports: { http: 8001, grpc: 9001 }, autoscaling: { min: 1, max: 3 }, disruption: { minAvailable: 1 } });
    await apply("pricing", {
      dependencies: [{ module: "catalog" }],
      resources: { requests: { cpu: "0.5", memory: "1024Mi" } },
      calls: [{ to: "catalog", endpoints: [{ path: "/x" }] }],
    });
    await statusWhen("catalog", isRunning);
    await statusWhen("pricing", isRunning);
    await idle();
    writes.length = 0;
    await restart();
    await idle();
    expect(writes).toEqual([]);
  });

  test("says with which settings it came up, once the replicas of changed ones did", async () => {
    const { apply, statusWhen, players, restart, objectWhen, writes, idle } = await aPlatform();
    await apply("catalog", {});
    const before = await statusWhen("catalog", isRunning);
    expect(before.settingsHash).toMatch(/^[0-9a-f]{16}$/);
    players.behave("plinth/services:next", "pending");
    await restart({ defaultImage: "plinth/services:next" });
    await objectWhen("Deployment", "catalog", (deployment) => JSON.stringify(deployment?.spec).includes("plinth/services:next"));
    await idle();
    expect((await statusWhen("catalog", isRunning)).settingsHash).toBe(before.settingsHash);
    players.behave("plinth/services:next", "up");
    await statusWhen("catalog", ({ settingsHash }) => settingsHash !== before.settingsHash);
    await idle();
    writes.length = 0;
    await restart();
    await idle();
    expect(writes).toEqual([]);
  });

  test("rolls a new version out, and says which one serves", async () => {
    const { apply, statusWhen, players, hear } = await aPlatform();
    await apply("catalog", { image: "catalog:1" });
    await statusWhen("catalog", isRunning);
    players.behave("catalog:2", "pending");
    await apply("catalog", { image: "catalog:2", version: "2.0.0" });
    const during = await statusWhen("catalog", (status) => reasonOf(status, "Progressing") === "True/RollingOut");
    expect(during).toMatchObject({ version: "1.0.0", phase: "Running" });
    expect(during.currentRevision).not.toBe(during.updateRevision);
    players.behave("catalog:2", "up");
    const after = await statusWhen("catalog", ({ version }) => version === "2.0.0");
    expect(after).toMatchObject({ phase: "Running", previousVersion: "1.0.0", currentRevision: during.updateRevision });
    expect(await hear("RolloutComplete")).toMatchObject({ type: "Normal", note: "version 2.0.0 serves, in place of 1.0.0" });
  });

  test("goes back when a new version does not come up in time, and does not try it again", async () => {
    const { apply, statusWhen, players, find, hear, writes, idle, objectWhen } = await aPlatform();
    await apply("catalog", { image: "catalog:1" });
    const first = await statusWhen("catalog", isRunning);
    players.behave("catalog:bad", "late");
    await apply("catalog", { image: "catalog:bad", version: "1.1.0" });
    const back = await statusWhen("catalog", (status) => reasonOf(status, "Progressing") === "False/RolledBack");
    expect(back).toMatchObject({ phase: "Running", version: "1.0.0", currentRevision: first.currentRevision });
    expect(back.failedRevision).toBe(back.updateRevision);
    expect(reasonOf(back, "Stalled")).toBe("True/RolledBack");
    expect((await find("Deployment", "catalog"))?.spec).toMatchObject({ template: { spec: { containers: [{ image: "catalog:1" }] } } });
    expect(await hear("RollingBack")).toMatchObject({ type: "Warning" });
    expect(await hear("RolledBack")).toMatchObject({ type: "Warning" });
    await idle();
    writes.length = 0;
    await platform.restart();
    await idle();
    expect(writes).toEqual([]);

    await apply("catalog", { image: "catalog:3", version: "1.2.0" });
    expect(await statusWhen("catalog", ({ version }) => version === "1.2.0")).toMatchObject({ phase: "Running" });
    await objectWhen("Module", "catalog", (module) => (module?.status as ModuleStatus | undefined)?.failedRevision === undefined);
  });

  test("that has never run stays with what it has when it does not come up, and runs when it does after all", async () => {
    const { apply, statusWhen, players } = await aPlatform();
    players.behave("catalog:slow", "late");
    await apply("catalog", { image: "catalog:slow" });
    const stuck = await statusWhen("catalog", (status) => reasonOf(status, "Stalled") === "True/ProgressDeadlineExceeded");
    expect(reasonOf(stuck, "Ready")).toBe("False/ProgressDeadlineExceeded");
    players.behave("catalog:slow", "up");
    await statusWhen("catalog", isRunning);
  });

  test("starts as soon as what it needs runs", async () => {
    const { apply, statusWhen, players, find } = await aPlatform();
    players.behave("catalog:1", "pending");
    await apply("pricing", { dependencies: [{ module: "catalog", version: "^1.0.0" }] });
    const missing = await statusWhen("pricing", ({ phase }) => phase === "Rejected");
    expect(reasonOf(missing, "DependenciesResolved")).toBe("False/DependencyMissing");
    await apply("catalog", { image: "catalog:1" });
    const waiting = await statusWhen("pricing", (status) => reasonOf(status, "DependenciesResolved") === "False/DependencyNotRunning");
    expect(waiting).toMatchObject({ phase: "Validated", dependencies: [{ module: "catalog", required: "^1.0.0" }] });
    expect(reasonOf(waiting, "Reconciling")).toBe("True/DependencyNotRunning");
    expect(await find("Deployment", "pricing")).toBeUndefined();
    players.behave("catalog:1", "up");
    const running = await statusWhen("pricing", isRunning);
    expect(running.dependencies).toMatchObject([{ module: "catalog", resolved: "1.0.0", phase: "Running" }]);
  });

  test("that is refused leaves what runs alone, and goes on when the cause is gone", async () => {
    const { apply, statusWhen, find, hear } = await aPlatform();
    await apply("catalog", { routes: [{ path: "/shop/**" }], ports: { http: 80 } });
    await apply("pricing", { image: "pricing:1" });
    await statusWhen("catalog", isRunning);
    await statusWhen("pricing", isRunning);
    await apply("pricing", { image: "pricing:2", version: "1.1.0", routes: [{ path: "/shop/**" }], ports: { http: 80 } });
    const refused = await statusWhen("pricing", ({ phase }) => phase === "Rejected");
    expect(refused).toMatchObject({ version: "1.0.0", readyReplicas: 1 });
    expect(reasonOf(refused, "Validated")).toBe("False/RouteConflict");
    expect(reasonOf(refused, "Stalled")).toBe("True/RouteConflict");
    expect(refused.problems).toMatchObject([{ path: "spec.routes[0].path", type: "Error", reason: "RouteConflict" }]);
    expect(refused.problems?.[0]?.message).toContain("module pricing, spec.routes[0].path");
    expect(await hear("RouteConflict")).toMatchObject({ type: "Warning", module: "pricing" });
    expect((await find("Deployment", "pricing"))?.spec).toMatchObject({ template: { spec: { containers: [{ image: "pricing:1" }] } } });
    await apply("catalog", { routes: [{ path: "/catalog/**" }], ports: { http: 80 } });
    await statusWhen("pricing", ({ phase, version }) => phase === "Running" && version === "1.1.0");
  });

  test("waits for a secret, and goes on when it is there", async () => {
    const { apply, statusWhen, writer, namespace } = await aPlatform();
    await apply("fx", { secrets: [{ name: "KEY", from: { secret: "provider", key: "apiKey" } }] });
    expect(reasonOf(await statusWhen("fx", ({ phase }) => phase === "Rejected"), "Validated")).toBe("False/SecretMissing");
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "provider", namespace } };
    await writer.create({ ...secret, stringData: { other: "x" } });
    await writer.patch(secret, { stringData: { apiKey: "y" } });
    await statusWhen("fx", isRunning);
  });

  test("has its secrets made once", async () => {
    const { apply, statusWhen, find, objectWhen } = await aPlatform();
    await apply("auth", { secrets: [{ name: "KEY", from: { secret: "auth-keys", key: "signing" }, generate: true }] });
    await statusWhen("auth", isRunning);
    const made = (await find("Secret", "auth-keys")) as
      | { data?: Record<string, string>; metadata: { ownerReferences?: unknown } }
      | undefined;
    expect(Buffer.from(made?.data?.signing ?? "", "base64").toString()).toMatch(/^[\w-]{43}$/);
    expect(made?.metadata.ownerReferences).toBeUndefined();
    await apply("auth", { secrets: [{ name: "KEY", from: { secret: "auth-keys", key: "signing" }, generate: true }], image: "auth:2" });
    await statusWhen("auth", ({ currentRevision, updateRevision }) => currentRevision === updateRevision);
    const after = await objectWhen("Secret", "auth-keys", (secret) => secret !== undefined);
    expect(after?.data).toEqual(made?.data);
  });

  test("puts back what was changed or deleted by hand", async () => {
    const { apply, statusWhen, writer, namespace, remove, objectWhen, find } = await aPlatform();
    await apply("catalog", { ports: { http: 8001 } });
    await statusWhen("catalog", isRunning);
    const before = await find("Service", "catalog");
    await remove("Service", "catalog");
    await objectWhen("Service", "catalog", (service) => service !== undefined && service.metadata.uid !== before?.metadata.uid);
    await writer.patch({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "catalog", namespace } }, { spec: { replicas: 7 } });
    await objectWhen("Deployment", "catalog", (deployment) => (deployment?.spec as { replicas?: number } | undefined)?.replicas === 1);
    await writer.patch(
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "catalog-module", namespace } },
      { data: { "module.json": "{}" } },
    );
    await objectWhen("ConfigMap", "catalog-module", (map) => (map?.data as Record<string, string> | undefined)?.["module.json"] !== "{}");
    await statusWhen("catalog", isRunning);
  });

  test("loses what it no longer declares", async () => {
    const { apply, statusWhen, find, objectWhen } = await aPlatform();
    const env = [{ name: "LEVEL", value: "high" }];
    await apply("catalog", { ports: { http: 8001, grpc: 9001 }, disruption: { minAvailable: 1 }, replicas: 2, env });
    await statusWhen("catalog", isRunning);
    expect(await find("PodDisruptionBudget", "catalog")).toBeDefined();
    const hasLevel = (deployment: KubeObject | undefined): boolean => JSON.stringify(deployment?.spec).includes('"LEVEL"');
    expect(hasLevel(await find("Deployment", "catalog"))).toBe(true);
    await apply("catalog", { ports: { http: 8001 }, replicas: 2 });
    await objectWhen("Deployment", "catalog", (deployment) => !hasLevel(deployment));
    await objectWhen("PodDisruptionBudget", "catalog", (budget) => budget === undefined);
    await objectWhen("Service", "catalog-headless", (service) => service === undefined);
  });

  test("that is paused is left as it is, and goes on", async () => {
    const { apply, statusWhen, find, remove, idle } = await aPlatform();
    await apply("catalog", { image: "catalog:1", ports: { http: 80 } });
    await statusWhen("catalog", isRunning);
    await apply("catalog", { image: "catalog:2", ports: { http: 80 }, paused: true });
    expect(reasonOf(await statusWhen("catalog", ({ phase }) => phase === "Paused"), "Progressing")).toBe("False/Paused");
    await remove("Service", "catalog");
    await idle();
    expect(await find("Service", "catalog")).toBeUndefined();
    expect((await find("Deployment", "catalog"))?.spec).toMatchObject({ template: { spec: { containers: [{ image: "catalog:1" }] } } });
    await apply("catalog", { image: "catalog:2", ports: { http: 80 } });
    await statusWhen("catalog", ({ phase, currentRevision, updateRevision }) => phase === "Running" && currentRevision === updateRevision);
    expect(await find("Service", "catalog")).toBeDefined();
  });

  test("that somebody else writes at the same moment says nothing of it", async () => {
    const { apply, statusWhen, meddle, writes, happenings, writer, namespace } = await aPlatform();
    const path = `/apis/plinth.dev/v1alpha1/namespaces/${namespace}/modules/catalog`;
    let isFirst = true;
    meddle(async (write) => {
      if (write.path !== path || !isFirst) return;
      isFirst = false;
      const module = { apiVersion: "plinth.dev/v1alpha1", kind: "Module", metadata: { name: "catalog", namespace } };
      await writer.patch(module, { metadata: { labels: { mine: "yes" } } });
    });
    await apply("catalog", {});
    await statusWhen("catalog", isRunning);
    const reports = writes.filter((write) => write.path === `${path}/status`);
    expect({ isFirst, reports: reports.length }).toEqual({ isFirst: false, reports: 1 });
    expect(happenings.map(({ reason }) => reason)).not.toContain("ReconcileFailed");
  });

  test("that comes again under its name gets nothing of its predecessor's status", async () => {
    const { apply, meddle, writer, client, namespace } = await aPlatform();
    const module = { apiVersion: "plinth.dev/v1alpha1", kind: "Module", metadata: { name: "catalog", namespace } };
    const successor = Promise.withResolvers<unknown>();
    let isAgain = false;
    meddle(async ({ path }) => {
      if (isAgain) successor.resolve(await client.find(KINDS.Module, { namespace, name: "catalog" }));
      if (isAgain || !path.endsWith("/catalog/status")) return;
      isAgain = true;
      await writer.patch(module, { metadata: { finalizers: null } });
      await writer.delete(module);
      await apply("catalog", { version: "2.0.0" });
    });
    await apply("catalog", { version: "1.0.0" });
    const found = await successor.promise;
    expect(found).toMatchObject({ spec: { version: "2.0.0" } });
    expect(found).not.toHaveProperty("status");
  });

  test("in a namespace that is suspended nothing is touched", async () => {
    const { apply, statusWhen, writer, namespace, writes, idle } = await aPlatform();
    const label = (value: string | null) =>
      writer.patch(
        { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
        { metadata: { labels: { "plinth.dev/suspend": value } } },
      );
    await label("true");
    await idle();
    await apply("catalog", {});
    await idle();
    expect(writes).toEqual([]);
    await label(null);
    await statusWhen("catalog", isRunning);
  });

  test("that is deleted goes also where the namespace is suspended, and says what holds it", async () => {
    const { apply, statusWhen, objectWhen, remove, writer, namespace, writes, idle, find } = await aPlatform();
    await apply("catalog", {});
    await apply("pricing", { dependencies: [{ module: "catalog" }] });
    await statusWhen("pricing", isRunning);
    await writer.patch(
      { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
      { metadata: { labels: { "plinth.dev/suspend": "true" } } },
    );
    await idle();
    await remove("Deployment", "catalog");
    writes.length = 0;
    await remove("Module", "catalog");
    await statusWhen("catalog", (status) => reasonOf(status, "DeletionBlocked") === "True/DependentsExist");
    await idle();
    expect(writes.filter(({ path }) => !path.endsWith("/status"))).toEqual([]);
    expect(await find("Deployment", "catalog")).toBeUndefined();
    await remove("Module", "pricing");
    await objectWhen("Module", "pricing", (module) => module === undefined);
    await objectWhen("Module", "catalog", (module) => module === undefined);
  });

  test("does not take what belongs to somebody else, and says so", async () => {
    const { apply, statusWhen, client, namespace, hear, find } = await aPlatform();
    const foreign = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "catalog", namespace, labels: { mine: "yes" } } };
    await client.request({
      method: "POST",
      path: `/api/v1/namespaces/${namespace}/serviceaccounts`,
      query: { fieldManager: "somebody" },
      body: foreign,
    });
    await apply("catalog", {});
    const status = await statusWhen("catalog", (one) => reasonOf(one, "Stalled") === "True/OwnershipConflict");
    expect(status.conditions?.find(({ type }) => type === "Stalled")?.message).toContain("ServiceAccount catalog");
    expect(await hear("OwnershipConflict")).toMatchObject({ type: "Warning" });
    const account = await find("ServiceAccount", "catalog");
    expect(account?.metadata.labels).toEqual({ mine: "yes" });
    expect(account?.metadata.ownerReferences).toBeUndefined();
  });
});
