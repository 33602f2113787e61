import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { KubeObject } from "@plinth/kernel/kube";
import { describeCluster, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import type { ModuleStatus } from "@plinth/module";
import { installCrd, startTestPlatform, type TestPlatform } from "./testing/test-platform.ts";

const ADMINISTRATOR = "postgres://admin:secret@db.example:5432/shop";

describeCluster("the data and the end of a Module", () => {
  let cluster: TestCluster;
  let platform: TestPlatform;
  let count = 0;

  beforeAll(async () => {
    cluster = await startTestCluster();
    await installCrd(cluster.client);
  });
  afterAll(() => cluster?.stop());
  afterEach(() => platform?.stop());

  async function aPlatform({ hasDatabase = true } = {}): Promise<TestPlatform> {
    count++;
    platform = await startTestPlatform(cluster, `data-${count}`);
    if (hasDatabase) await makeAdministrator();
    return platform;
  }

  async function makeAdministrator(): Promise<void> {
    const { writer, namespace } = platform;
    await writer.create({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "plinth-postgres", namespace },
      stringData: { url: ADMINISTRATOR },
    });
  }

  const isRunning = ({ phase }: ModuleStatus): boolean => phase === "Running";
  const reasonOf = (status: ModuleStatus, type: string): string => {
    const condition = status.conditions?.find((one) => one.type === type);
    return `${condition?.status}/${condition?.reason}`;
  };

  async function jobs(): Promise<KubeObject[]> {
    const path = `/apis/batch/v1/namespaces/${platform.namespace}/jobs`;
    return (await platform.client.request<KubeObject & { items: KubeObject[] }>({ method: "GET", path })).items;
  }

  async function secretText(name: string, key: string): Promise<string> {
    const secret = await platform.find("Secret", name);
    return Buffer.from((secret?.data as Record<string, string> | undefined)?.[key] ?? "", "base64").toString();
  }

  describe("a database", () => {
    test("is migrated before the module runs, in roles of its own", async () => {
      const { apply, statusWhen, players, find } = await aPlatform();
      players.behave("blog:1", "pending");
      await apply("blog", { image: "blog:1", database: {} });
      const migrating = await statusWhen("blog", ({ phase }) => phase === "Initialized");
      expect(reasonOf(migrating, "Migrated")).toBe("False/MigrationRunning");
      expect(await find("Deployment", "blog")).toBeUndefined();
      expect(new URL(await secretText("blog-database", "url"))).toMatchObject({
        host: "db.example:5432",
        pathname: "/shop",
        username: "blog",
      });
      expect(new URL(await secretText("blog-database-owner", "url")).username).toBe("blog_owner");
      players.behave("blog:1", "up");
      const running = await statusWhen("blog", isRunning);
      expect(reasonOf(running, "Migrated")).toBe("True/UpToDate");
      expect(running.migrations?.finishedAt).toBeDefined();
      expect(await jobs()).toHaveLength(1);
    });

    test("whose migration fails leaves the old version as it is, and is tried again", async () => {
      const { apply, statusWhen, players, find, hear } = await aPlatform();
      await apply("blog", { image: "blog:1", database: {}, config: { color: "red" } });
      const first = await statusWhen("blog", isRunning);
      players.behave("blog:2", "late");
      await apply("blog", { image: "blog:2", version: "2.0.0", database: {}, config: { color: "blue" } });
      const failed = await statusWhen("blog", (status) => reasonOf(status, "Migrated") === "False/MigrationFailed");
      expect(failed).toMatchObject({ phase: "Running", version: "1.0.0", currentRevision: first.currentRevision, readyReplicas: 1 });
      expect(await hear("MigrationFailed")).toMatchObject({ type: "Warning", note: expect.stringContaining("the pod failed") });
      expect((await find("Deployment", "blog"))?.spec).toMatchObject({ template: { spec: { containers: [{ image: "blog:1" }] } } });
      expect((await find("ConfigMap", "blog-module"))?.data).toMatchObject({ "module.json": expect.stringContaining("red") });
      players.behave("blog:2", "up");
      await apply("blog", { image: "blog:3", version: "2.0.1", database: {} });
      await statusWhen("blog", ({ version }) => version === "2.0.1");
    });

    test("does not go back unasked", async () => {
      const { apply, statusWhen } = await aPlatform();
      await apply("blog", { version: "2.0.0", database: {} });
      await statusWhen("blog", isRunning);
      await apply("blog", { version: "1.0.0", database: {} });
      expect(reasonOf(await statusWhen("blog", ({ phase }) => phase === "Rejected"), "Validated")).toBe("False/Downgrade");
      await apply("blog", { version: "1.0.0", database: {} }, { annotations: { "plinth.dev/allow-downgrade": "true" } });
      await statusWhen("blog", ({ version }) => version === "1.0.0");
    });

    test("gets new passwords when they are asked for, and not otherwise", async () => {
      const { apply, statusWhen, idle } = await aPlatform();
      await apply("blog", { database: {} });
      await statusWhen("blog", isRunning);
      const before = await secretText("blog-database", "password");
      await apply("blog", { database: {}, image: "blog:2" });
      await idle();
      expect(await secretText("blog-database", "password")).toBe(before);
      await apply("blog", { database: {}, image: "blog:2" }, { annotations: { "plinth.dev/rotate-database": "one" } });
      await idle();
      const after = await secretText("blog-database", "password");
      expect(after).not.toBe(before);
      expect(new URL(await secretText("blog-database", "url")).password).toBe(after);
      expect(await jobs()).toHaveLength(1);
      await platform.restart();
      await idle();
      expect(await secretText("blog-database", "password")).toBe(after);
    });

    test("needs whoever can make it", async () => {
      const { apply, statusWhen } = await aPlatform({ hasDatabase: false });
      await apply("blog", { database: {} });
      const status = await statusWhen("blog", ({ phase }) => phase === "Rejected");
      expect(reasonOf(status, "Validated")).toBe("False/SecretMissing");
      expect(status.problems?.[0]).toMatchObject({ path: "spec.database", reason: "SecretMissing" });
      await makeAdministrator();
      await statusWhen("blog", isRunning);
    });
  });

  describe("a deletion", () => {
    test("lets the replicas go before the Module", async () => {
      const { apply, statusWhen, remove, objectWhen, find } = await aPlatform();
      await apply("catalog", { ports: { http: 80 } });
      await statusWhen("catalog", isRunning);
      await remove("Module", "catalog");
      await objectWhen("Module", "catalog", (module) => module === undefined);
      expect(await find("Deployment", "catalog")).toBeUndefined();
    });

    test("waits while others need the module, and looks after it as before", async () => {
      const { apply, statusWhen, remove, objectWhen, find, hear } = await aPlatform();
      await apply("catalog", { ports: { http: 80 } });
      await apply("pricing", { dependencies: [{ module: "catalog" }] });
      await statusWhen("pricing", isRunning);
      await remove("Module", "catalog");
      const blocked = await objectWhen(
        "Module",
        "catalog",
        (module) => reasonOf(module?.status as ModuleStatus, "DeletionBlocked") === "True/DependentsExist",
      );
      const { conditions, phase, currentRevision } = (blocked?.status ?? {}) as ModuleStatus;
      expect({ phase, isServed: currentRevision !== undefined }).toEqual({ phase: "Running", isServed: true });
      expect(conditions?.find(({ type }) => type === "DeletionBlocked")?.message).toContain("pricing");
      expect(await hear("DeletionBlocked")).toMatchObject({ type: "Warning", module: "catalog" });
      await remove("Service", "catalog");
      await objectWhen("Service", "catalog", (service) => service !== undefined && service.metadata.deletionTimestamp === undefined);
      expect(await find("Deployment", "catalog")).toBeDefined();
      await remove("Module", "pricing");
      await objectWhen("Module", "catalog", (module) => module === undefined);
    });

    test("can be forced", async () => {
      const { apply, statusWhen, remove, objectWhen } = await aPlatform();
      await apply("catalog", {});
      await apply("pricing", { dependencies: [{ module: "catalog" }] });
      await statusWhen("pricing", isRunning);
      await apply("catalog", {}, { annotations: { "plinth.dev/force-delete": "true" } });
      await remove("Module", "catalog");
      await objectWhen("Module", "catalog", (module) => module === undefined);
      const left = await statusWhen("pricing", ({ phase }) => phase === "Rejected");
      expect(left).toMatchObject({ version: "1.0.0", readyReplicas: 1 });
    });

    test("keeps the data", async () => {
      const { apply, statusWhen, remove, objectWhen } = await aPlatform();
      await apply("blog", { database: {} });
      await statusWhen("blog", isRunning);
      await remove("Module", "blog");
      await objectWhen("Module", "blog", (module) => module === undefined);
      expect((await jobs()).map(({ metadata }) => metadata.name)).not.toContain("blog-drop");
    });

    test("does not hold up a namespace that goes as a whole", async () => {
      const { apply, statusWhen, remove, objectWhen, client, namespace } = await aPlatform();
      await apply("blog", { database: {}, deletionPolicy: "Delete" });
      await statusWhen("blog", isRunning);
      await client.request({ method: "DELETE", path: `/api/v1/namespaces/${namespace}` });
      // What the controller of namespaces does, where there is one.
      await remove("Module", "blog");
      await objectWhen("Module", "blog", (module) => module === undefined);
    });

    test("has nothing to drop of a module that was never accepted", async () => {
      const { apply, statusWhen, remove, objectWhen } = await aPlatform({ hasDatabase: false });
      await apply("blog", { database: {}, deletionPolicy: "Delete" });
      await statusWhen("blog", ({ phase }) => phase === "Rejected");
      await remove("Module", "blog");
      await objectWhen("Module", "blog", (module) => module === undefined);
      expect(await jobs()).toEqual([]);
    });

    test("drops them where the module says so, and only then lets the Module go", async () => {
      const { apply, statusWhen, remove, objectWhen, players } = await aPlatform();
      await apply("blog", { database: {}, deletionPolicy: "Delete" });
      await statusWhen("blog", isRunning);
      players.behave("plinth/services:0.1.0", "pending");
      await remove("Module", "blog");
      const job = await objectWhen("Job", "blog-drop", (one) => one !== undefined);
      expect(job?.spec).toMatchObject({ template: { spec: { containers: [{ name: "drop", args: ["cluster", "drop", "blog"] }] } } });
      expect((await platform.find("Module", "blog"))?.status).toMatchObject({ phase: expect.stringMatching(/^Stop/) });
      players.behave("plinth/services:0.1.0", "up");
      await objectWhen("Module", "blog", (module) => module === undefined);
    });

    test("says how a Module goes whose data cannot be dropped", async () => {
      const { apply, statusWhen, remove, objectWhen, players } = await aPlatform();
      await apply("blog", { database: {}, deletionPolicy: "Delete" });
      await statusWhen("blog", isRunning);
      players.behave("plinth/services:0.1.0", "late");
      await remove("Module", "blog");
      const readyMessage = ({ conditions }: ModuleStatus): string => conditions?.find(({ type }) => type === "Ready")?.message ?? "";
      const stuck = await statusWhen("blog", (status) => readyMessage(status).includes("blog-drop failed"));
      expect(readyMessage(stuck)).toContain("with spec.deletionPolicy: Retain the Module goes at once, and its data stay");
      await apply("blog", { database: {}, deletionPolicy: "Retain" });
      await objectWhen("Module", "blog", (module) => module === undefined);
    });
  });
});
