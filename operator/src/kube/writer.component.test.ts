import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { isAlreadyExists, isConflict, isInvalid, type KubeObject } from "@plinth/kernel/kube";
import { describeCluster, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import { KINDS } from "./kinds.ts";
import { createWriter, FIELD_MANAGER, type Writer } from "./writer.ts";

function aConfigMap(name: string, data: Record<string, string>): KubeObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "default", name }, data };
}

function aDeployment(name: string): KubeObject {
  const labels = { app: name };
  const containers = [{ name: "module", image: "example/image" }];
  const spec = { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { namespace: "default", name }, spec };
}

describeCluster("the writer", () => {
  let cluster: TestCluster;
  let writer: Writer;
  beforeAll(async () => {
    cluster = await startTestCluster();
    writer = createWriter(cluster.client);
  });
  afterAll(() => cluster?.stop());

  function find(name: string): Promise<KubeObject | undefined> {
    return cluster.client.find(KINDS.ConfigMap, { namespace: "default", name });
  }

  test("applies, and takes away what it no longer applies", async () => {
    const first = await writer.apply(aConfigMap("applied", { a: "1", b: "2" }));
    expect(first.metadata).not.toHaveProperty("managedFields");
    expect((await writer.apply(aConfigMap("applied", { a: "1" }))).data).toEqual({ a: "1" });
    const same = await writer.apply(aConfigMap("applied", { a: "1" }));
    const again = await writer.apply(aConfigMap("applied", { a: "1" }));
    expect(again.metadata.resourceVersion).toBe(same.metadata.resourceVersion);
  });

  test("a field of somebody else is a conflict, unless it is taken over", async () => {
    await cluster.client.request({
      method: "POST",
      path: "/api/v1/namespaces/default/configmaps",
      query: { fieldManager: "somebody" },
      body: aConfigMap("contested", { a: "theirs" }),
    });
    const refused = await writer.apply(aConfigMap("contested", { a: "ours" })).catch((error: unknown) => error);
    expect(isConflict(refused)).toBe(true);
    expect(String(refused)).toContain("somebody");
    expect((await writer.apply(aConfigMap("contested", { a: "ours" }), { force: true })).data).toEqual({ a: "ours" });
  });

  test("unknown fields are refused, and a dry run writes nothing", async () => {
    const unknown = { ...aConfigMap("unknown", {}), datum: {} };
    expect(isInvalid(await writer.apply(unknown).catch((error: unknown) => error))).toBe(true);
    await writer.apply(aConfigMap("dry", { a: "1" }), { dryRun: true });
    expect(await find("dry")).toBeUndefined();
  });

  test("creates once, and patches", async () => {
    await writer.create(aConfigMap("made", { a: "1" }));
    const twice = await writer.create(aConfigMap("made", {})).catch((error: unknown) => error);
    expect(isAlreadyExists(twice)).toBe(true);
    expect(await writer.patch(aConfigMap("made", {}), { data: { b: "2" } })).toMatchObject({ data: { a: "1", b: "2" } });
    const steps = [{ op: "remove", path: "/data/a" }];
    expect(await writer.patch(aConfigMap("made", {}), steps, { type: "json" })).toMatchObject({ data: { b: "2" } });
  });

  test("the status is written apart from the rest, and only of the very object", async () => {
    const applied = await writer.apply(aDeployment("reported"));
    const reported = await writer.applyStatus({ ...applied, spec: { replicas: 7 }, status: { replicas: 3 } });
    expect(reported).toMatchObject({ spec: { replicas: 1 }, status: { replicas: 3 } });
    expect(reported.metadata.generation).toBe(applied.metadata.generation);
    const other = { ...applied, metadata: { ...applied.metadata, uid: "another" }, status: { replicas: 4 } };
    expect(isInvalid(await writer.applyStatus(other).catch((error: unknown) => error))).toBe(true);
  });

  test("deletes only what it means", async () => {
    const { metadata } = await writer.apply(aConfigMap("mortal", {}));
    expect(await writer.delete(aConfigMap("mortal", {}), { uid: "another" })).toBe(false);
    expect(await find("mortal")).toBeDefined();
    expect(await writer.delete(aConfigMap("mortal", {}), { uid: metadata.uid as string })).toBe(true);
    expect(await find("mortal")).toBeUndefined();
    expect(await writer.delete(aConfigMap("mortal", {}))).toBe(false);
  });

  test("owns what it writes under its name", async () => {
    await writer.apply(aConfigMap("owned", { a: "1" }));
    const raw = await cluster.client.request<{ metadata: { managedFields: { manager: string; operation: string }[] } }>({
      method: "GET",
      path: "/api/v1/namespaces/default/configmaps/owned",
    });
    expect(raw.metadata.managedFields.map(({ manager, operation }) => [manager, operation])).toEqual([[FIELD_MANAGER, "Apply"]]);
  });

  test("the API server has every kind of the table under its name", async () => {
    for (const kind of Object.values(KINDS)) {
      if (kind.group === "plinth.dev" || "optional" in kind) continue;
      const path = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
      const { resources } = await cluster.client.request<{
        resources: { name: string; kind: string; namespaced: boolean; verbs: string[] }[];
      }>({
        method: "GET",
        path,
      });
      const known = resources.find(({ name }) => name === kind.plural);
      expect(known).toMatchObject({ kind: kind.kind, namespaced: kind.namespaced, verbs: expect.arrayContaining([...kind.verbs]) });
      for (const subresource of Object.keys("subresources" in kind ? kind.subresources : {})) {
        expect(resources.map(({ name }) => name)).toContain(`${kind.plural}/${subresource}`);
      }
    }
  });
});
