import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { describeCluster, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import type { ModuleStatus } from "@plinth/module";
import { installCrd, startTestPlatform, type TestPlatform } from "./testing/test-platform.ts";

describeCluster("a Module that goes over from an autoscaler to a number", () => {
  let cluster: TestCluster;
  let platform: TestPlatform;

  beforeAll(async () => {
    cluster = await startTestCluster();
    await installCrd(cluster.client);
    platform = await startTestPlatform(cluster, "autoscaling");
  });
  afterAll(() => cluster?.stop());
  afterEach(() => platform?.stop());

  test("loses the autoscaler before its roll-out is over: the two would fight", async () => {
    const { apply, statusWhen, objectWhen, players } = platform;
    await apply("catalog", { image: "catalog:1", autoscaling: { min: 1, max: 3 } });
    await objectWhen("HorizontalPodAutoscaler", "catalog", (autoscaler) => autoscaler !== undefined);
    await statusWhen("catalog", ({ phase }: ModuleStatus) => phase === "Running");
    players.behave("catalog:2", "pending");
    await apply("catalog", { image: "catalog:2", replicas: 2 });
    await objectWhen("HorizontalPodAutoscaler", "catalog", (autoscaler) => autoscaler === undefined);
    const deployment = await objectWhen("Deployment", "catalog", (one) => (one?.spec as { replicas?: number } | undefined)?.replicas === 2);
    expect(deployment?.spec).toMatchObject({ template: { spec: { containers: [{ image: "catalog:2" }] } } });
    const status = await statusWhen("catalog", ({ updateRevision, currentRevision }) => updateRevision !== currentRevision);
    expect(status.version).toBe("1.0.0");
    players.behave("catalog:2", "up");
    await statusWhen("catalog", ({ updateRevision, currentRevision }) => updateRevision === currentRevision);
  });
});
