import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { KubeError, type KubeObject } from "@plinth/kernel/kube";
import { describeCluster, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import { parse } from "yaml";
import { KINDS } from "../kube/kinds.ts";
import { createWriter, type Writer } from "../kube/writer.ts";

const ROOT = join(import.meta.dirname, "../../..");
const REFUSALS = join(ROOT, "module/fixtures/refusals");

/**
 * What the API server says of each file of the fixtures that it refuses, by reason and file: refusals that need no operator. All that depends on other
 * modules, on Secrets or on what runs is the operator's.
 */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  "CallUnknown/pricing.yaml": ["calls names a module that is not among the dependencies"],
  "DependencyCycle/selfish.yaml": ["a module cannot depend on itself"],
  "PermissionConflict/blog.yaml": ["Duplicate value"],
  "PermissionInvalid/billing.yaml": ["a permission begins with the name of its module"],
  "PermissionInvalid/blog.yaml": [
    "spec.permissions[1].code",
    "spec.routes[0].permission",
    "a permission begins with the name of its module",
  ],
  "RoleInvalid/blog.yaml": ["the roles platform-admin and user are built in"],
  "SchemaInvalid/blog.yaml": ['unknown field "spec.port"', 'unknown field "spec.secrets[0].value"'],
  "SubscriptionUnknown/search.yaml": ["only the module audit reads platform.audit"],
  "TopicConflict/news.yaml": ["an event type begins with its topic", "platform.audit is built in"],
  "VersionInvalid/blog.yaml": ["spec.version"],
};

describeCluster("the schema of Module in a real API server", () => {
  let cluster: TestCluster;
  let writer: Writer;

  beforeAll(async () => {
    cluster = await startTestCluster();
    writer = createWriter(cluster.client);
    await writer.apply(readYaml(join(ROOT, "k8s/crds/plinth.dev_modules.yaml")));
    let conditions: Record<string, string> = {};
    while (conditions.Established !== "True") conditions = await readConditions();
  });
  afterAll(() => cluster?.stop());

  test("is structural, and its names are taken", async () => {
    expect(await readConditions()).toEqual({ Established: "True", NamesAccepted: "True" });
  });

  test("takes the modules of every service", async () => {
    for (const service of readdirSync(join(ROOT, "services"))) {
      const module = readYaml(join(ROOT, "services", service, "module.yaml"));
      await expect(create(module)).resolves.toMatchObject({ metadata: { name: service } });
    }
  });

  const files = readdirSync(REFUSALS, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".yaml"));

  test.each(files.filter((file) => REFUSED[file] === undefined))("takes %s, which is for the operator to decide", async (file) => {
    await expect(create(readYaml(join(REFUSALS, file)))).resolves.toMatchObject({ kind: "Module" });
  });

  test.each(Object.entries(REFUSED))("refuses %s with everything that it can decide", async (file, expected) => {
    const refusal = await create(readYaml(join(REFUSALS, file))).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(KubeError);
    for (const part of expected) expect((refusal as KubeError).message).toContain(part);
  });

  test("a Module scales as Deployments do, and what it reports is written apart", async () => {
    const { client } = cluster;
    const module = { ...readYaml(join(REFUSALS, "NameTaken/journal.yaml")) };
    const at = "/apis/plinth.dev/v1alpha1/namespaces/default/modules/journal";
    await writer.apply({ ...module, metadata: { ...module.metadata, namespace: "default" } });
    await client.request({
      method: "PATCH",
      path: `${at}/scale`,
      contentType: "application/merge-patch+json",
      body: { spec: { replicas: 4 } },
    });
    await writer.applyStatus({
      ...module,
      metadata: { name: "journal", namespace: "default" },
      status: { phase: "Running", replicas: 3, selector: "app.kubernetes.io/name=journal", currentRevision: "journal-0a1b2c3d4e" },
    });
    const live = await client.request<KubeObject>({ method: "GET", path: at });
    expect(live).toMatchObject({ spec: { replicas: 4 }, status: { phase: "Running", currentRevision: "journal-0a1b2c3d4e" } });
    const scale = await client.request<KubeObject>({ method: "GET", path: `${at}/scale` });
    expect(scale).toMatchObject({ spec: { replicas: 4 }, status: { replicas: 3, selector: "app.kubernetes.io/name=journal" } });
  });

  async function readConditions(): Promise<Record<string, string>> {
    const crd = await cluster.client.find(KINDS.CustomResourceDefinition, { name: "modules.plinth.dev" });
    const { conditions } = (crd?.status ?? {}) as { conditions?: { type: string; status: string }[] | null };
    return Object.fromEntries((conditions ?? []).map(({ type, status }) => [type, status]));
  }

  /** As `kubectl create` and the first `kubectl apply` send it; only checked, so that files of one name do not meet. */
  function create(module: KubeObject): Promise<KubeObject> {
    return writer.create({ ...module, metadata: { ...module.metadata, namespace: "default" } }, { dryRun: true });
  }
});

function readYaml(file: string): KubeObject {
  return parse(readFileSync(file, "utf8"));
}
