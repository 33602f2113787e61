import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { describeCluster } from "../test-cluster/describe-cluster.ts";
import { startTestCluster, type TestCluster } from "../test-cluster/test-cluster.ts";
import type { KubeObject, Resource } from "./object.ts";
import { resourcePath } from "./resource-path.ts";

const CONFIG_MAPS: Resource = { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true };

describeCluster("the client", () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster?.stop());

  test("applies, finds and lists without managed fields", async () => {
    const { client } = cluster;
    const at = { namespace: "default", name: "one" };
    expect(await client.find(CONFIG_MAPS, at)).toBeUndefined();
    const object: KubeObject = { apiVersion: "v1", kind: "ConfigMap", metadata: at, data: { a: "1" } };
    await client.request({
      method: "PATCH",
      path: resourcePath(CONFIG_MAPS, at),
      query: { fieldManager: "test", fieldValidation: "Strict" },
      contentType: "application/apply-patch+yaml",
      body: object,
    });
    const found = await client.find(CONFIG_MAPS, at);
    expect(found).toMatchObject({ data: { a: "1" } });
    expect(found?.metadata).not.toHaveProperty("managedFields");
    const { items, resourceVersion } = await client.list(CONFIG_MAPS, { namespace: "default" });
    expect(items.map(({ kind, metadata }) => [kind, metadata.name])).toEqual([["ConfigMap", "one"]]);
    expect(Number(resourceVersion)).toBeGreaterThan(0);
  });
});
