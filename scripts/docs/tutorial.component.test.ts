import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { describeCluster, startTestCluster, type TestCluster } from "@plinth/kernel/test-cluster";
import { installCrd, startTestPlatform, type TestPlatform } from "../../operator/src/module/testing/test-platform.ts";
import { blocksOf, commandsOf } from "./markdown.ts";

const ROOT = join(import.meta.dirname, "../..");
const NAMESPACE = "plinth";
const kubectl = process.env.PLINTH_KUBECTL ?? "kubectl";
const hasKubectl = spawnSync(kubectl, ["version", "--client"]).status === 0;

/** The commands of one step of the tutorial but for those that ask the gateway: there are no pods here. */
function stepOf(number: number): string[] {
  const tutorial = readFileSync(join(ROOT, "docs/tutorials/first-module-on-a-cluster.md"), "utf8");
  const [, step = ""] = tutorial.split(new RegExp(`^## ${number}\\..*$`, "m"));
  const [own = ""] = step.split(/^## /m);
  const commands = blocksOf(own)
    .filter(({ language }) => language === "sh")
    .flatMap((block) => commandsOf(block.text));
  expect(commands.length).toBeGreaterThan(0);
  return commands.filter((command) => !command.startsWith("curl "));
}

// kubectl is built together with the API server.
const describeTutorial = hasKubectl || process.env.CI === "true" ? describeCluster : () => undefined;

describeTutorial("the tutorial's Module, on an API server whose other controllers are played", () => {
  let cluster: TestCluster;
  let platform: TestPlatform;
  let folder: string;

  beforeAll(async () => {
    cluster = await startTestCluster();
    await installCrd(cluster.client);
    platform = await startTestPlatform(cluster, NAMESPACE);
    platform.players.behave("hashicorp/http-echo:no-such-tag", "late");
    folder = mkdtempSync(join(tmpdir(), "plinth-tutorial-"));
    writeFileSync(join(folder, "kubeconfig"), JSON.stringify(kubeconfigOf(cluster)), { mode: 0o600 });
  });
  afterAll(async () => {
    await platform?.stop();
    await cluster?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  /** The operator runs in this process, which must not wait for the command. */
  async function run(command: string): Promise<{ status: number | null; output: string }> {
    const script = [`kubectl() { '${kubectl}' "$@"; }`, `npx() { shift; '${process.execPath}' cli/bin/plinth "$@"; }`, command].join("\n");
    const env = { ...process.env, KUBECONFIG: join(folder, "kubeconfig") };
    const child = spawn("bash", ["-euc", `exec 2>&1\n${script}`], {
      cwd: ROOT,
      env,
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 60_000,
    });
    const ended = once(child, "close");
    const output = await text(child.stdout);
    const [status] = (await ended) as [number | null];
    return { status, output };
  }

  async function runStep(number: number): Promise<string> {
    let said = "";
    for (const command of stepOf(number)) {
      const { status, output } = await run(command);
      if (status !== 0) throw new Error(`${command}\nended with ${status}: ${output}`);
      said += output;
    }
    return said;
  }

  test("goes as it is told: applied, scaled, changed, broken, brought back", async () => {
    expect(await runStep(3)).toMatch(/controllerrevision\.apps\/hello-/);
    expect(await runStep(4)).toMatch(/hello +1\.0\.0 +Running +3\/3/);
    await runStep(5);

    const [breaking, waiting, describing, ...refused] = stepOf(6);
    for (const command of [breaking, waiting]) expect(await run(command ?? "")).toMatchObject({ status: 0 });
    expect((await run(describing ?? "")).output).toMatch(/RolledBack/);
    expect((await platform.find("Module", "hello"))?.status).toMatchObject({ phase: "Running", version: "1.1.0" });
    expect(refused).toHaveLength(1);
    const { status, output } = await run(refused[0] ?? "");
    expect(status).not.toBe(0);
    expect(output).toMatch(/spec\.version/);

    expect(await runStep(7)).toMatch(/1\.2\.0[^\n]*failed[\s\S]*goes back to revision \d+, version 1\.1\.0/);
    const module = await platform.find("Module", "hello");
    expect(module).toMatchObject({ spec: { version: "1.1.0", replicas: 3 }, status: { phase: "Running", version: "1.1.0" } });
  }, 120_000);
});

function kubeconfigOf({ server, adminCredentials: { tls } }: TestCluster): object {
  const encoded = (value: unknown): string => Buffer.from(String(value)).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "tutorial",
    clusters: [{ name: "tutorial", cluster: { server, "certificate-authority-data": encoded(tls.ca) } }],
    users: [{ name: "admin", user: { "client-certificate-data": encoded(tls.cert), "client-key-data": encoded(tls.key) } }],
    contexts: [{ name: "tutorial", context: { cluster: "tutorial", user: "admin", namespace: NAMESPACE } }],
  };
}
