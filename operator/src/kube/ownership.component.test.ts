import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type KubeObject, resourcePath } from "@plinth/kernel/kube";
import { describeCluster, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import { tryHandedOver } from "../plan/dropped-fields.ts";
import { getKind } from "./kinds.ts";
import { CREATED, handOverFields, isMarkedCreated, markCreated } from "./ownership.ts";
import { createWriter, FIELD_MANAGER, type Writer } from "./writer.ts";

interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly { readonly name: string; readonly value: string }[];
}

function aDeployment(name: string, containers: readonly Container[], annotations: Record<string, string> = {}): KubeObject {
  const labels = { app: name };
  const spec = { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { namespace: "default", name, annotations }, spec };
}

const FULL: readonly Container[] = [
  {
    name: "module",
    image: "example/image:1",
    env: [
      { name: "KEPT", value: "1" },
      { name: "DROPPED", value: "1" },
    ],
  },
  { name: "sidecar", image: "example/sidecar:1" },
];
const LESS: readonly Container[] = [{ name: "module", image: "example/image:2", env: [{ name: "KEPT", value: "1" }] }];

describeCluster("fields of what was created", () => {
  let cluster: TestCluster;
  let writer: Writer;
  beforeAll(async () => {
    cluster = await startTestCluster();
    writer = createWriter(cluster.client);
  });
  afterAll(() => cluster?.stop());

  async function managersOf(object: KubeObject): Promise<string[]> {
    const raw = await cluster.client.request({ method: "GET", path: resourcePath(getKind(object), object.metadata) });
    const { managedFields } = raw.metadata as unknown as { managedFields: { manager: string; operation: string }[] };
    return managedFields.map(({ manager, operation }) => `${manager} ${operation}`);
  }

  function shapeOf({ metadata, spec }: KubeObject): object {
    const { template } = spec as { template: { spec: { containers: readonly Container[] } } };
    return { annotations: metadata.annotations, containers: template.spec.containers };
  }

  test("go away with an apply after they were handed over, which is what a plan shows", async () => {
    const created = await writer.create(markCreated(aDeployment("plain", FULL, { old: "1" })));
    expect([isMarkedCreated(created), await managersOf(created)]).toEqual([true, [`${FIELD_MANAGER} Update`]]);
    const wanted = aDeployment("plain", LESS, { new: "1" });
    const planned = await tryHandedOver(cluster.client, writer, wanted, created);

    await handOverFields(cluster.client, writer, created, {});
    expect(await managersOf(created)).toEqual([`${FIELD_MANAGER} Apply`]);
    const applied = await writer.apply(wanted, { force: true });
    expect(shapeOf(applied)).toMatchObject({ annotations: { new: "1" }, containers: LESS });
    expect(applied.metadata.annotations).not.toHaveProperty(CREATED);
    expect(shapeOf(planned)).toEqual(shapeOf(applied));
    expect(await managersOf(created)).toEqual([`${FIELD_MANAGER} Apply`]);
  });

  test("are handed over where somebody else wrote in the same second, and only once", async () => {
    const created = await writer.create(markCreated(aDeployment("meddled", FULL)));
    const path = resourcePath(getKind(created), { namespace: "default", name: "meddled", subresource: "status" });
    await cluster.client.request({
      method: "PATCH",
      path,
      query: { fieldManager: "aaa-controller" },
      contentType: "application/merge-patch+json",
      body: { metadata: { labels: { theirs: "1" } }, status: { observedGeneration: 1 } },
    });
    for (const _time of [1, 2]) {
      await handOverFields(cluster.client, writer, created, {});
      expect(await managersOf(created)).toContain(`${FIELD_MANAGER} Apply`);
      expect(await managersOf(created)).not.toContain(`${FIELD_MANAGER} Update`);
    }
    const applied = await writer.apply(aDeployment("meddled", LESS), { force: true });
    expect(shapeOf(applied)).toMatchObject({ containers: LESS });
    expect(await managersOf(created)).toContain("aaa-controller Update");
  });

  test("are handed over where an apply came before", async () => {
    const created = await writer.create(markCreated(aDeployment("both", FULL)));
    const applied = await writer.apply(aDeployment("both", LESS), { force: true });
    expect(shapeOf(applied)).toMatchObject({ containers: [{ name: "module" }, { name: "sidecar" }] });
    await handOverFields(cluster.client, writer, created, {});
    expect(await managersOf(created)).toEqual([`${FIELD_MANAGER} Apply`]);
    expect(shapeOf(await writer.apply(aDeployment("both", LESS), { force: true }))).toMatchObject({ containers: LESS });
  });

  test("what has no schema may hold any character, and stays what it is when its fields are handed over", async () => {
    const data = { more: "a & b \u2028 \u2029 “c” ü", sender: "Plinth <no-reply@plinth.local>" };
    const revision: KubeObject & { data: object; revision: number } = {
      ...{ apiVersion: "apps/v1", kind: "ControllerRevision", metadata: { namespace: "default", name: "any-character" } },
      ...{ data, revision: 1 },
    };
    const created = await writer.create(markCreated(revision));
    await handOverFields(cluster.client, writer, created, {});
    const applied = await writer.apply<typeof revision>({ ...revision, revision: 2 }, { force: true });
    expect(applied).toMatchObject({ data, revision: 2 });
  });
});
