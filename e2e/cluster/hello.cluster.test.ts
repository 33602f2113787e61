import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import { ROOT } from "../local-platform.ts";
import { type ConstantLoad, type LoadReport, startConstantLoad } from "./constant-load.ts";
import { getObject, kubectl, kubectlWith, tryKubectl } from "./kubectl.ts";
import { conditionOf, gatewayUrl, getModule, installPlatform, NAMESPACE, untilAnswer, untilModule } from "./platform.ts";

let gateway: string;
let load: ConstantLoad | undefined;
const inNamespace = ["-n", NAMESPACE];
const SAMPLE = join(ROOT, "k8s/samples/hello.yaml");

beforeAll(async () => {
  await installPlatform();
  gateway = await gatewayUrl();
}, 600_000);

afterAll(() =>
  tryKubectl(["delete", "modules", "hello", "friend", "lonely", ...inNamespace, "--ignore-not-found", "--timeout=120s"]).then(
    () => undefined,
  ),
);

/** What was seen in all. */
async function stopLoad(): Promise<LoadReport> {
  if (load === undefined) throw new Error("no load was begun");
  const report = await load.stop();
  load = undefined;
  return report;
}

afterEach(async () => {
  await load?.stop();
  load = undefined;
});

test("fifteen lines and an image that is not ours give a running service with a public route", async () => {
  expect((await readFile(SAMPLE, "utf8")).split("\n").filter((line) => line !== "" && !line.startsWith("#")).length).toBeLessThanOrEqual(
    15,
  );
  await kubectl("apply", "-f", SAMPLE, ...inNamespace);
  await kubectl("wait", "--for=condition=Ready", "module/hello", ...inNamespace, "--timeout=120s");
  expect(await getModule("hello")).toMatchObject({ status: { phase: "Running", version: "1.0.0", readyReplicas: 1 } });
  expect(await untilAnswer(`${gateway}/hello`, 200)).toBe("hello from Plinth\n");
});

test("kubectl scale reaches the pods", async () => {
  await kubectl("scale", "module/hello", "--replicas=3", ...inNamespace);
  await untilModule("hello", "three replicas are ready", ({ status }) => status?.readyReplicas === 3);
  expect((await kubectl("get", "module", "hello", ...inNamespace)).trim()).toMatch(/3\/3/);
  await kubectl("rollout", "status", "deploy/hello", ...inNamespace, "--timeout=60s");
});

test("a new version takes over without one failed request", async () => {
  load = startConstantLoad(`${gateway}/hello`, 50);
  await patchHello({ version: "1.1.0", args: ["-text=hello again"] });
  await untilModule("hello", "1.1.0 serves", ({ status }) => status?.version === "1.1.0" && status.phase === "Running");
  await eventually(() => (load?.report().bodies.get("hello again") ?? 0) > 50);
  const report = await stopLoad();
  expect([...report.failures]).toEqual([]);
  expect([...report.bodies.keys()].sort()).toEqual(["hello again", "hello from Plinth"]);
});

test("an image that does not exist is rolled back by itself, without one failed request", async () => {
  load = startConstantLoad(`${gateway}/hello`, 50);
  await patchHello({
    version: "1.2.0",
    image: "hashicorp/http-echo:no-such-tag",
    strategy: { progressDeadline: "15s", rollbackOnFailure: true },
  });
  const back = await untilModule("hello", "it is back", (module) => conditionOf(module, "Progressing")?.reason === "RolledBack");
  expect(back.status).toMatchObject({ version: "1.1.0" });
  expect(back.status?.conditions?.map(({ message }) => message).join("\n")).toMatch(/1\.2\.0/);
  // The same spec is not tried again: the pods of the good version are the only ones, and stay so.
  await eventually(async () => {
    const { items } = await getObject<{ items: { spec: { containers: { image: string }[] } }[] }>(
      "pods",
      ...inNamespace,
      "-l",
      "app.kubernetes.io/name=hello",
    );
    return items.every(({ spec }) => spec.containers.every(({ image }) => image === "hashicorp/http-echo:1.0.0"));
  });
  const report = await stopLoad();
  expect(report.sent).toBeGreaterThan(100);
  expect([...report.failures]).toEqual([]);
  await patchHello({ version: "1.3.0", image: "hashicorp/http-echo:1.0.0", args: ["-text=mended"] });
  await untilModule("hello", "1.3.0 serves", ({ status }) => status?.version === "1.3.0" && status.phase === "Running");
  await eventually(async () => (await untilAnswer(`${gateway}/hello`, 200)) === "mended\n");
});

test("what is changed or deleted by hand is put back", async () => {
  const { metadata } = await getObject<{ metadata: { uid: string } }>("service", "hello", ...inNamespace);
  await kubectl("delete", "service", "hello", ...inNamespace);
  await eventually(async () => {
    const again = await getObject<{ metadata: { uid: string } }>("service", "hello", ...inNamespace);
    return again.metadata.uid !== metadata.uid;
  });
  await kubectl("set", "image", "deploy/hello", "module=hashicorp/http-echo:other", ...inNamespace);
  await eventually(async () => {
    const { spec } = await getObject<{ spec: { template: { spec: { containers: { image: string }[] } } } }>(
      "deploy",
      "hello",
      ...inNamespace,
    );
    return spec.template.spec.containers[0]?.image === "hashicorp/http-echo:1.0.0";
  });
  await kubectl("rollout", "status", "deploy/hello", ...inNamespace, "--timeout=60s");
});

test("what is wrong is told at apply where one object shows it, else in describe", async () => {
  const hello = await readFile(SAMPLE, "utf8");
  const refused = await tryKubectl(["apply", "-f", "-", ...inNamespace], hello.replace("version: 1.0.0", "version: one"));
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toMatch(/spec\.version/);
  await kubectlWith(
    hello
      .replace("name: hello", "name: lonely")
      .replace("path: /hello", "path: /lonely")
      .replace("spec:", "spec:\n  dependencies: [{module: ghost}]"),
    "apply",
    "-f",
    "-",
    ...inNamespace,
  );
  try {
    const lonely = await untilModule(
      "lonely",
      "it says what it misses",
      (module) => conditionOf(module, "DependenciesResolved")?.status === "False",
    );
    expect(lonely.status?.problems).toEqual([
      expect.objectContaining({ reason: "DependencyMissing", path: expect.stringContaining("spec.dependencies[0]") }),
    ]);
    const described = await eventually(async () => {
      const text = await kubectl("describe", "module", "lonely", ...inNamespace);
      return /Warning\s+DependencyMissing/.test(text) && text;
    });
    expect(described).toMatch(/ghost/);
  } finally {
    await kubectl("delete", "module", "lonely", ...inNamespace, "--timeout=60s");
  }
});

test("a module that others need stays until they are gone", async () => {
  await kubectl("delete", "module", "authz", ...inNamespace, "--wait=false", "--dry-run=server");
  const friend = (await readFile(SAMPLE, "utf8")).replace("name: hello", "name: friend").replace("path: /hello", "path: /friend");
  await kubectlWith(friend.replace("spec:", "spec:\n  dependencies: [{module: hello}]"), "apply", "-f", "-", ...inNamespace);
  await kubectl("wait", "--for=condition=Ready", "module/friend", ...inNamespace, "--timeout=120s");
  await kubectl("delete", "module", "hello", ...inNamespace, "--wait=false");
  const held = await untilModule(
    "hello",
    "its deletion is held back",
    (module) => conditionOf(module, "DeletionBlocked")?.status === "True",
  );
  expect(conditionOf(held, "DeletionBlocked")?.message).toMatch(/friend/);
  expect(await untilAnswer(`${gateway}/hello`, 200)).toBe("mended\n");
  await kubectl("delete", "module", "friend", ...inNamespace, "--timeout=120s");
  await kubectl("wait", "--for=delete", "module/hello", ...inNamespace, "--timeout=120s");
  await untilAnswer(`${gateway}/hello`, 404);
  // The cluster's own garbage collector takes the children.
  const kinds = "all,configmaps,roles,networkpolicies";
  await eventually(async () => {
    const left = await kubectl("get", kinds, ...inNamespace, "-l", "plinth.dev/module=hello", "-o", "name");
    expect(left.trim()).toBe("");
    return true;
  });
});

async function patchHello(spec: object): Promise<void> {
  await kubectl("patch", "module", "hello", ...inNamespace, "--type=merge", "-p", JSON.stringify({ spec }));
}
