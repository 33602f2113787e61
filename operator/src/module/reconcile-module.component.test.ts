import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { describeCluster, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import { installCrd, startTestPlatform, type TestPlatform } from "./testing/test-platform.ts";

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

  test("runs once it is applied, with all its children", async () => {
    const { apply, statusWhen, find } = await aPlatform();
    await apply("catalog", { ports: { http: 8001 }, replicas: 2 });
    const status = await statusWhen("catalog", ({ phase }) => phase === "Running");
    expect(status).toMatchObject({ version: "1.0.0", replicas: 2, readyReplicas: 2, summary: { ready: "2/2" } });
    expect(status.conditions?.find(({ type }) => type === "Ready")).toMatchObject({ status: "True", reason: "Running" });
    for (const kind of ["ServiceAccount", "Role", "RoleBinding", "Service", "NetworkPolicy", "Deployment"] as const) {
      expect((await find(kind, "catalog"))?.metadata.ownerReferences).toMatchObject([{ kind: "Module", name: "catalog" }]);
    }
  });
});
