import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { KubeObject } from "@plinth/kernel/kube";
import { describeCluster, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import { KINDS } from "../../operator/src/kube/kinds.ts";

const ROOT = join(import.meta.dirname, "../..");
const NAMESPACE = "plinth";
const MODULES = `/apis/plinth.dev/v1alpha1/namespaces/${NAMESPACE}/modules`;
/** Neither a database nor a webhook answers here. */
const VALUES = [
  "postgres.enabled=false",
  "postgres.existingSecret=plinth-postgres",
  "webhook.enabled=false",
  "uninstall.timeoutSeconds=30",
];

const run = promisify(execFile);

describeCluster("helm uninstall", () => {
  let cluster: TestCluster;
  let kubeconfig: string;
  let env: NodeJS.ProcessEnv;
  const running = new Set<ChildProcess>();
  const playing = new AbortController();
  let played: Promise<void>;
  /** What the hook's pod wrote, by the uid of its Job. */
  const logs = new Map<string, string>();

  beforeAll(async () => {
    cluster = await startTestCluster();
    const { ca, cert, key } = cluster.adminCredentials.tls;
    const encoded = (text = ""): string => Buffer.from(text).toString("base64");
    kubeconfig = join(cluster.folder, "kubeconfig");
    env = { PATH: process.env.PATH, HOME: cluster.folder, KUBECONFIG: kubeconfig, PLINTH_NAMESPACE: NAMESPACE };
    const config = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "test",
      contexts: [{ name: "test", context: { cluster: "test", user: "admin", namespace: NAMESPACE } }],
      clusters: [{ name: "test", cluster: { server: cluster.server, "certificate-authority-data": encoded(ca) } }],
      users: [{ name: "admin", user: { "client-certificate-data": encoded(cert), "client-key-data": encoded(key) } }],
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
    played = playJobs();
  });
  afterAll(async () => {
    playing.abort();
    for (const child of running) child.kill("SIGKILL");
    await played;
    await cluster?.stop();
  });

  const helm = (...args: string[]): Promise<string> =>
    run(process.env.PLINTH_HELM ?? "helm", [...args, "--namespace", NAMESPACE], { env }).then(({ stdout }) => stdout);

  /** Plays node and Job controller: each Job's container is run here as a process, and what came of it is told. */
  async function playJobs(): Promise<void> {
    const begun = new Set<string>();
    while (!playing.signal.aborted) {
      const { items } = await cluster.client.list(KINDS.Job, { namespace: NAMESPACE });
      for (const job of items) {
        const { uid = "" } = job.metadata;
        if (begun.has(uid)) continue;
        begun.add(uid);
        await finish(job, await runContainer(job));
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async function runContainer({ metadata, spec }: KubeObject): Promise<number> {
    const { template } = spec as { template: { spec: { containers: { command: string[]; args: string[] }[] } } };
    const [container] = template.spec.containers;
    const child = spawn(process.execPath, [...(container?.command.slice(1) ?? []), ...(container?.args ?? [])], { cwd: ROOT, env });
    running.add(child);
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const [code] = await once(child, "close");
    running.delete(child);
    logs.set(metadata.uid ?? "", text);
    return code as number;
  }

  async function finish({ metadata }: KubeObject, code: number): Promise<void> {
    const now = new Date().toISOString().replace(/\.\d+/, "");
    const condition = (type: string): object => ({
      type,
      status: "True",
      reason: "Played",
      message: "",
      lastProbeTime: now,
      lastTransitionTime: now,
    });
    const status =
      code === 0
        ? { startTime: now, completionTime: now, succeeded: 1, conditions: [condition("SuccessCriteriaMet"), condition("Complete")] }
        : { startTime: now, failed: 1, conditions: [condition("FailureTarget"), condition("Failed")] };
    await cluster.client.request({
      method: "PATCH",
      path: `/apis/batch/v1/namespaces/${NAMESPACE}/jobs/${metadata.name}/status`,
      body: { status },
      contentType: "application/merge-patch+json",
    });
  }

  const modules = async (): Promise<KubeObject[]> => (await cluster.client.list(KINDS.Module, { namespace: NAMESPACE })).items;

  test("stops nothing while a module from outside needs one of the release, and everything once it is gone", async () => {
    const values = VALUES.flatMap((value) => ["--set", value]);
    await helm("install", "plinth", join(ROOT, "charts/plinth"), "--create-namespace", "--no-hooks", ...values);
    const outside = {
      apiVersion: "plinth.dev/v1alpha1",
      kind: "Module",
      metadata: { name: "mine", namespace: NAMESPACE },
      spec: { version: "1.0.0", dependencies: [{ module: "identity" }, { module: "blog", optional: true }] },
    };
    await cluster.client.request({ method: "POST", path: MODULES, body: outside });
    const before = (await modules()).length;

    await expect(helm("uninstall", "plinth")).rejects.toThrow("job plinth-stop failed");
    expect([...logs.values()]).toEqual([expect.stringContaining("identity is needed by mine\n")]);
    expect([...logs.values()][0]).not.toContain("blog");
    expect((await modules()).filter(({ metadata }) => metadata.deletionTimestamp === undefined)).toHaveLength(before);
    expect(await cluster.client.find(KINDS.Deployment, { namespace: NAMESPACE, name: "plinth-operator" })).toBeDefined();

    await cluster.client.request({ method: "DELETE", path: `${MODULES}/mine` });
    await helm("uninstall", "plinth");
    expect(await modules()).toEqual([]);
    expect(await cluster.client.find(KINDS.Deployment, { namespace: NAMESPACE, name: "plinth-operator" })).toBeUndefined();
  }, 120_000);
});
