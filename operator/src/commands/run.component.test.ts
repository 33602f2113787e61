import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { describeCluster, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import { eventually } from "@plinth/kernel/testing";
import { KINDS } from "../kube/kinds.ts";

const MAIN = join(import.meta.dirname, "../main.ts");

describeCluster("the operator's process", () => {
  let cluster: TestCluster;
  let folder: string;
  const processes: ChildProcess[] = [];

  beforeAll(async () => {
    cluster = await startTestCluster();
    folder = await mkdtemp(join(tmpdir(), "plinth-operator-"));
    const { ca, cert, key } = cluster.adminCredentials.tls;
    const encoded = (text = ""): string => Buffer.from(text).toString("base64");
    const kubeconfig = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "test",
      contexts: [{ name: "test", context: { cluster: "test", user: "test", namespace: "default" } }],
      clusters: [{ name: "test", cluster: { server: cluster.server, "certificate-authority-data": encoded(ca) } }],
      users: [{ name: "test", user: { "client-certificate-data": encoded(cert), "client-key-data": encoded(key) } }],
    };
    await writeFile(join(folder, "kubeconfig"), JSON.stringify(kubeconfig));
  });
  afterEach(() => {
    for (const child of processes.splice(0)) child.kill("SIGKILL");
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await cluster?.stop();
  });

  function start(
    args: readonly string[],
    env: Record<string, string> = {},
  ): { child: ChildProcess; output: () => string; exit: Promise<number> } {
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { PATH: process.env.PATH, KUBECONFIG: join(folder, "kubeconfig"), PLINTH_LOG_FORMAT: "json", NODE_ENV: "production", ...env },
      cwd: folder,
    });
    processes.push(child);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    return { child, output: () => output, exit: once(child, "exit").then(([code]) => code as number) };
  }

  async function answer(port: number, path: string): Promise<{ status: number; text: string }> {
    const response = await eventually(() => fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined));
    return { status: response.status, text: await response.text() };
  }

  /** Plays the garbage collector, which lets go what is deleted in the foreground. */
  async function drained(name: string): Promise<void> {
    const at = { namespace: "default", name };
    await eventually(async () => (await cluster.client.find(KINDS.Deployment, at))?.metadata.deletionTimestamp);
    await cluster.client.request({
      method: "PATCH",
      path: `/apis/apps/v1/namespaces/default/deployments/${name}`,
      body: { metadata: { finalizers: null } },
      contentType: "application/merge-patch+json",
    });
  }

  test("leaves at once also where it has not read everything yet, as before the kind is known", async () => {
    const [metrics, health] = [22_000 + (process.pid % 10_000), 42_000 + (process.pid % 10_000)];
    await writeFile(join(folder, "early.yaml"), `name: early\nports: {metrics: ${metrics}, health: ${health}}\n`);
    const operator = start(["run", `--settings=${join(folder, "early.yaml")}`]);
    await eventually(async () =>
      (await answer(metrics, "/metrics")).text.includes('leader_election_master_status{name="early-operator"} 1'),
    );
    expect((await answer(health, "/ready")).status).toBe(503);
    operator.child.kill("SIGTERM");
    expect(await operator.exit).toBe(0);
  });

  test("makes the kind known, runs what is applied, waits for it, takes it down, and leaves in order", async () => {
    expect(await start(["crd"]).exit).toBe(0);
    const [metrics, health] = [21_000 + (process.pid % 10_000), 41_000 + (process.pid % 10_000)];
    await writeFile(join(folder, "settings.yaml"), `name: test\nconcurrency: 4\nports: {metrics: ${metrics}, health: ${health}}\n`);
    const operator = start(["run", `--settings=${join(folder, "settings.yaml")}`]);
    await eventually(async () => (await answer(health, "/ready")).status === 200);
    expect((await answer(health, "/healthz")).status).toBe(200);

    const at = { namespace: "default", name: "catalog" };
    await cluster.client.request({
      method: "POST",
      path: "/apis/plinth.dev/v1alpha1/namespaces/default/modules",
      body: { apiVersion: "plinth.dev/v1alpha1", kind: "Module", metadata: at, spec: { version: "1.0.0", replicas: 0 } },
    });
    const deployment = await eventually(() => cluster.client.find(KINDS.Deployment, at));
    await cluster.client.request({
      method: "PATCH",
      path: "/apis/apps/v1/namespaces/default/deployments/catalog/status",
      body: { status: { observedGeneration: deployment.metadata.generation } },
      contentType: "application/merge-patch+json",
    });
    const settings = `--settings=${join(folder, "settings.yaml")}`;
    const waiting = start(["wait", settings, "--timeout=20s"]);
    expect([await waiting.exit, waiting.output()]).toEqual([0, "1 modules are ready.\n"]);
    // What another operator has yet to bring up is Ready as it was.
    await writeFile(join(folder, "other.yaml"), "name: test\nconcurrency: 9\ndefaultImage: plinth/services:2\n");
    const early = start(["wait", `--settings=${join(folder, "other.yaml")}`, "--timeout=1s"]);
    expect([await early.exit, early.output()]).toEqual([1, expect.stringContaining("not yet by the operator's new settings")]);
    expect(await start(["wait", "--timeout=20s"]).exit).toBe(0);
    const { text } = await answer(metrics, "/metrics");
    expect(text).toMatch(/controller_runtime_reconcile_total\{controller="module",result="success"\} [1-9]/);
    expect(text).toContain('leader_election_master_status{name="test-operator"} 1');

    // What somebody else needs is not begun with.
    const labels = { "app.kubernetes.io/instance": "release" };
    const modules = "/apis/plinth.dev/v1alpha1/namespaces/default/modules";
    const relabel = { path: `${modules}/catalog`, body: { metadata: { labels } }, contentType: "application/merge-patch+json" };
    await cluster.client.request({ method: "PATCH", ...relabel });
    const outside = { name: "outside", namespace: "default" };
    const spec = { version: "1.0.0", replicas: 0, dependencies: [{ module: "catalog" }] };
    const body = { apiVersion: "plinth.dev/v1alpha1", kind: "Module", metadata: outside, spec };
    await cluster.client.request({ method: "POST", path: modules, body });
    const refused = start(["stop", "--selector=app.kubernetes.io/instance=release", "--timeout=20s"]);
    expect([await refused.exit, refused.output()]).toEqual([1, expect.stringContaining("catalog is needed by outside")]);
    expect((await cluster.client.find(KINDS.Module, at))?.metadata.deletionTimestamp).toBeUndefined();
    await eventually(() => cluster.client.find(KINDS.Deployment, outside));
    await cluster.client.request({ method: "DELETE", path: `${modules}/outside` });
    await drained("outside");
    await eventually(async () => (await cluster.client.find(KINDS.Module, outside)) === undefined);

    const stopping = start(["stop", "--timeout=20s"]);
    await drained("catalog");
    expect(await stopping.exit).toBe(0);
    operator.child.kill("SIGTERM");
    expect(await operator.exit).toBe(0);
    const lease = await cluster.client.find(KINDS.Lease, { namespace: "default", name: "test-operator" });
    expect((lease?.spec as { holderIdentity?: string } | undefined)?.holderIdentity ?? "").toBe("");
  }, 90_000);

  test("refuses settings and commands that it does not know", async () => {
    await writeFile(join(folder, "wrong.yaml"), "concurency: 4\n");
    const wrong = start(["run", `--settings=${join(folder, "wrong.yaml")}`]);
    expect(await wrong.exit).toBe(1);
    expect(wrong.output()).toContain('did you mean "concurrency"');
    const unknown = start(["walk"]);
    expect(await unknown.exit).toBe(2);
    expect(unknown.output()).toContain("no command of the operator");
  });
});
