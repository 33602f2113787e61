import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import { ROOT } from "../local-platform.ts";
import { expectStory, furnishStoryFolder, runStory } from "../story.ts";
import { getObject, helm, kubectl } from "./kubectl.ts";
import { gatewayUrl, installPlatform, type ModuleState, NAMESPACE, RELEASE, untilAnswer } from "./platform.ts";

beforeAll(() => installPlatform(), 600_000);

test("the chart brings every module to Running, and kubectl shows how it is", async () => {
  const { items } = await getObject<{ items: ModuleState[] }>("modules", "-n", NAMESPACE);
  const phases = Object.fromEntries(items.map(({ metadata, status }) => [metadata.name, status?.phase]));
  const declared = (await readdir(join(ROOT, "services"))).filter((name) => existsSync(join(ROOT, "services", name, "module.yaml")));
  expect(phases).toMatchObject(Object.fromEntries(declared.map((name) => [name, "Running"])));
  const [head, ...lines] = (await kubectl("get", "modules", "-n", NAMESPACE)).trim().split("\n");
  expect(head?.split(/\s+/)).toEqual(["NAME", "VERSION", "PHASE", "READY", "AGE"]);
  expect(lines.find((line) => line.startsWith("blog "))).toMatch(/^blog\s+0\.1\.0\s+Running\s+1\/1\s+\w+$/);
  const wide = (await kubectl("get", "mod", "-n", NAMESPACE, "-o", "wide")).split("\n");
  expect(wide[0]?.trim().split(/\s+/)).toEqual(["NAME", "VERSION", "PHASE", "READY", "AGE", "DEPENDENCIES", "REASON", "IMAGE"]);
});

test("no module's pod may do more than it must", async () => {
  const { items } = await getObject<{ items: { spec: PodSpec }[] }>("pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/component=module");
  expect(items.length).toBeGreaterThanOrEqual(7);
  for (const { spec } of items) {
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.containers[0]?.securityContext).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true });
  }
  const asModule = (verb: string, what: string) =>
    kubectl("auth", "can-i", verb, what, "-n", NAMESPACE, `--as=system:serviceaccount:${NAMESPACE}:blog`).catch(
      (error: Error) => error.message,
    );
  expect(await asModule("list", "secrets")).toContain("no");
  expect(await asModule("get", "secrets/authz-database")).toContain("no");
  expect(await asModule("create", "pods")).toContain("no");
});

interface PodSpec {
  readonly automountServiceAccountToken?: boolean;
  readonly containers: { readonly securityContext?: object }[];
}

test("helm's own tests pass", async () => {
  expect(await helm("test", RELEASE, "-n", NAMESPACE, "--timeout", "3m")).toMatch(/Phase:\s+Succeeded/);
});

let folder: string | undefined;
let connection: ChildProcess | undefined;

afterAll(async () => {
  if (connection?.exitCode === null) {
    connection.kill("SIGINT");
    await once(connection, "exit");
  }
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

test("the README's story of the local platform goes unchanged through the gateway's Service", async () => {
  await untilAnswer(`${await gatewayUrl()}/healthz`, 200);
  folder = await mkdtemp(join(tmpdir(), "plinth-cluster-story-"));
  const dataFolder = join(folder, "data");
  const story = join(folder, "story");
  await Promise.all([mkdir(dataFolder), mkdir(story)]);
  connection = spawn(process.execPath, [join(ROOT, "cli/bin/plinth"), "connect", "--namespace", NAMESPACE], {
    cwd: ROOT,
    env: { ...process.env, PLINTH_DATA: dataFolder, KUBECTL: process.env.PLINTH_KUBECTL ?? "kubectl" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  connection.stdout?.on("data", (chunk) => (said += String(chunk)));
  await eventually(() => said.includes("Connected."));
  await furnishStoryFolder(story, dataFolder);
  expectStory(await runStory(story));
}, 120_000);
