import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import { type LocalPlatform, startLocalPlatform } from "./local-platform.ts";
import { descendantsOf, isAlive } from "./processes.ts";
import { aTemporaryProject, greeterCode, greeterYaml, type TemporaryProject } from "./temporary-project.ts";

/** `plinth up --processes --only front`: each module has a process of its own, and nobody runs whom `front` does not need. */

let project: TemporaryProject;
let platform: LocalPlatform;

beforeAll(async () => {
  project = aTemporaryProject([]);
  const needs: Record<string, string[]> = { front: ['dependencies: [{module: back, version: "^1.0.0"}]'], back: [], other: [] };
  for (const [name, spec] of Object.entries(needs)) {
    project.write(`services/${name}/src/index.ts`, greeterCode(name, `Hello from ${name}`, { public: true }));
    project.write(`services/${name}/module.yaml`, await greeterYaml({ name, spec }));
  }
  platform = await startLocalPlatform({ ports: "free", project: project.root, arguments: ["--processes", "--only", "front"] });
}, 60_000);

afterAll(async () => {
  if (platform.process.signalCode === null) await platform.stop();
  await platform.remove();
  project.delete();
}, 60_000);

/** The process that answers for a module. */
async function processOf(name: string): Promise<number> {
  const answer = await fetch(`${await platform.url(name)}/api/v1/${name}`);
  return ((await answer.json()) as { pid: number }).pid;
}

test("the module and what it needs run, each in its process, and no other module", async () => {
  const pids = [await processOf("front"), await processOf("back"), platform.process.pid];
  expect(new Set(pids).size).toBe(3);
  await expect(platform.url("other")).rejects.toThrow("No instance");
  expect(platform.output()).not.toMatch(/^other /m);
});

test("a module whose process is killed comes back, and the others stay as they are", async () => {
  const [front, back] = [await processOf("front"), await processOf("back")];
  process.kill(back, "SIGKILL");
  const again = await eventually(() => processOf("back"));
  expect(again).not.toBe(back);
  expect(await processOf("front")).toBe(front);
  expect(platform.output()).toMatch(/process ended; it is started again.*back.*SIGKILL/);
});

test("a stop ends them all", async () => {
  const started = descendantsOf(platform.process.pid as number);
  expect(started).toEqual(expect.arrayContaining([await processOf("front"), await processOf("back")]));
  expect(await platform.stop()).toBe(0);
  expect(started.filter(isAlive)).toEqual([]);
});

test("when the platform is killed, none of them outlives it", async () => {
  const { dataFolder } = platform;
  platform = await startLocalPlatform({ ports: "free", project: project.root, dataFolder, arguments: ["--processes", "--only", "front"] });
  const started = descendantsOf(platform.process.pid as number);
  await platform.kill();
  await eventually(() => started.filter(isAlive).length === 0);
});
