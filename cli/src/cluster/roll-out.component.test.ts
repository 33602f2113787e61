import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type KubeObject, resourcePath } from "@plinth/kernel/kube";
import { describeCluster, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import { buildCrd, type Module, type ModuleSpec } from "@plinth/module";
import { createWriter, KINDS, MODULE_LABEL, type Plan, revisionName } from "@plinth/operator";
import { stringify } from "yaml";
import { plinth, type Run } from "../../test/plinth.ts";

const NAMESPACE = "default";

function aModule(spec: Partial<ModuleSpec> = {}, name = "pricing"): Module {
  return {
    apiVersion: "plinth.dev/v1alpha1",
    kind: "Module",
    metadata: { name },
    spec: { version: "1.0.0", ports: { http: 8002 }, ...spec },
  };
}

describeCluster("plan, history and rollback", () => {
  let cluster: TestCluster;
  let folder: string;

  beforeAll(async () => {
    [cluster, folder] = await Promise.all([startTestCluster(), mkdtemp(join(tmpdir(), "plinth-plan-"))]);
    const { cert, key, ca } = cluster.adminCredentials.tls;
    const encoded = (text = ""): string => Buffer.from(text).toString("base64");
    const config = {
      ...{ apiVersion: "v1", kind: "Config", "current-context": "test" },
      clusters: [{ name: "test", cluster: { server: cluster.server, "certificate-authority-data": encoded(ca) } }],
      users: [{ name: "admin", user: { "client-certificate-data": encoded(cert), "client-key-data": encoded(key) } }],
      contexts: [{ name: "test", context: { cluster: "test", user: "admin", namespace: NAMESPACE } }],
    };
    await writeFile(join(folder, "kubeconfig"), JSON.stringify(config), { mode: 0o600 });
    await cluster.client.request({ method: "POST", path: resourcePath(KINDS.CustomResourceDefinition), body: buildCrd() });
    const giveUpAt = performance.now() + 20_000;
    const isServed = (): Promise<boolean> =>
      cluster.client.list(KINDS.Module, { namespace: NAMESPACE }).then(
        () => true,
        () => false,
      );
    while (!(await isServed())) if (performance.now() > giveUpAt) throw new Error("The CRD is never served.");
  });
  afterAll(async () => {
    await cluster?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const run = (...args: string[]): Promise<Run> =>
    plinth(args, { cwd: folder, env: { KUBECONFIG: join(folder, "kubeconfig"), NO_COLOR: "1" } });

  async function plan(module: Module, ...options: string[]): Promise<Run> {
    await writeFile(join(folder, "module.yaml"), stringify(module));
    return run("plan", "-f", "module.yaml", "--detailed-exitcode", ...options);
  }

  const find = (): Promise<KubeObject | undefined> => cluster.client.find(KINDS.Module, { namespace: NAMESPACE, name: "pricing" });

  async function apply(module: Module): Promise<void> {
    const at = { namespace: NAMESPACE, name: module.metadata.name };
    const query = { fieldManager: "kubectl", force: true };
    await cluster.client.request({
      method: "PATCH",
      path: resourcePath(KINDS.Module, at),
      query,
      contentType: "application/apply-patch+yaml",
      body: module,
    });
  }

  /** What the operator would do, done. */
  async function carryOut(module: Module): Promise<void> {
    const { modules } = JSON.parse((await plan(module, "--json")).stdout) as Plan;
    const writer = createWriter(cluster.client);
    for (const { after } of modules.flatMap(({ objects }) => objects)) {
      if (after === undefined || after.kind === "Module") continue;
      const { resourceVersion: _, managedFields: __, ...metadata } = after.metadata as KubeObject["metadata"] & { managedFields?: unknown };
      const { status: ___, ...object } = after;
      await writer.apply({ ...object, metadata } as KubeObject, { force: true });
    }
  }

  test("shows everything that a new module would be given, and writes nothing", async () => {
    const { code, stdout, stderr } = await plan(aModule());
    expect({ code, stderr }).toEqual({ code: 2, stderr: "" });
    expect(stdout).toContain("+ Module pricing\n");
    expect(stdout).toContain("+ Deployment pricing\n");
    expect(stdout).toMatch(/\n\d+ to create, 0 to change, 0 to delete\.\n$/);
    expect(await find()).toBeUndefined();
  });

  test("shows nothing once it is carried out, then exactly what a change changes, and drift", async () => {
    await apply(aModule());
    await carryOut(aModule());
    expect(await plan(aModule())).toEqual({ code: 0, stdout: expect.stringContaining("Nothing would change.\n"), stderr: "" });

    const changed = await plan(aModule({ image: "example.com/pricing:2" }));
    expect(changed.code).toBe(2);
    expect(changed.stdout).toContain("~ Deployment pricing\n");
    expect(changed.stdout).toMatch(/\n-.*image: plinth\/services:[^\n]*\n\+.*image: example.com\/pricing:2\n/);
    expect(changed.stdout).toContain("~ Module pricing\n");
    expect(changed.stdout).not.toContain("Service pricing\n");

    await cluster.client.request({ method: "DELETE", path: resourcePath(KINDS.Service, { namespace: NAMESPACE, name: "pricing" }) });
    expect((await plan(aModule())).stdout).toContain("+ Service pricing\n");
    await carryOut(aModule());
  });

  test("shows what becomes of others: a caller is let in at the callee", async () => {
    const order = aModule({ dependencies: [{ module: "pricing" }], calls: [{ to: "pricing", endpoints: [{ path: "/prices" }] }] }, "order");
    const { stdout } = await plan(order);
    expect(stdout).toContain("Module pricing\n\n~ NetworkPolicy pricing\n");
    expect(stdout).toMatch(/\n\+ +app.kubernetes.io\/name: order\n/);
  });

  test("tells what is wrong and exits with 1, as the API server, the operator and plinth validate do", async () => {
    const { code, stdout } = await plan(aModule({ dependencies: [{ module: "nobody" }] }));
    expect(code).toBe(1);
    expect(stdout).toContain("DependencyMissing in module pricing\n");
  });

  test("lists what was accepted, and goes back to it", async () => {
    const [one, two] = [aModule({ database: {} }), aModule({ version: "2.0.0", database: {}, replicas: 3 })];
    const names: string[] = [];
    for (const [index, module] of [one, two].entries()) {
      await apply(module);
      const stored = (await find()) as unknown as Module;
      const { replicas: _, ...spec } = stored.spec;
      const name = revisionName(stored);
      names.push(name);
      await createWriter(cluster.client).create({
        apiVersion: "apps/v1",
        kind: "ControllerRevision",
        metadata: {
          ...{ name, namespace: NAMESPACE, labels: { [MODULE_LABEL]: "pricing" } },
          ownerReferences: [{ apiVersion: "plinth.dev/v1alpha1", kind: "Module", name: "pricing", uid: stored.metadata.uid ?? "" }],
        },
        data: { spec },
        revision: index + 10,
      });
    }
    const status = { version: "2.0.0", currentRevision: names[1] };
    const body = { apiVersion: "plinth.dev/v1alpha1", kind: "Module", metadata: { namespace: NAMESPACE, name: "pricing" }, status };
    await createWriter(cluster.client).applyStatus(body);

    const listed = await run("history", "pricing");
    expect(listed.stdout).toMatch(
      /^REVISION +VERSION +ACCEPTED +STATE +IMAGE +NAME\n11 +2\.0\.0 +20\S+ +serves +\(default\) +pricing-\w{10}\n10 +1\.0\.0 /,
    );

    const tried = await run("rollback", "pricing", "--dry-run");
    expect(tried.stdout).toContain("pricing would go back to revision 10, version 1.0.0.\n");
    expect(await find()).toMatchObject({ spec: { version: "2.0.0" } });

    const done = await run("rollback", "pricing");
    expect({ code: done.code, stderr: done.stderr }).toEqual({ code: 0, stderr: "" });
    expect(done.stdout).toContain("pricing goes back to revision 10, version 1.0.0.\n");
    expect(done.stdout).toContain("kubectl annotate module pricing plinth.dev/allow-downgrade-");
    expect(await find()).toMatchObject({
      metadata: { annotations: { "plinth.dev/allow-downgrade": "true" } },
      spec: { version: "1.0.0", replicas: 3 },
    });
    expect(await run("rollback", "pricing", "--to-revision", "10")).toMatchObject({ code: 1, stderr: expect.stringContaining("already") });
    expect(await run("rollback", "pricing", "--to-revision", "7")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("There are: 11, 10, 1."),
    });
    expect(await run("history", "nobody")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("There is no Module nobody in default."),
    });
  });
});
