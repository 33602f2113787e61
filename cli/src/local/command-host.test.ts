import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type Discovery, openFileDiscovery } from "@plinth/kernel/discovery";
import { silentLogger } from "@plinth/kernel/logging";
import { freePort } from "@plinth/kernel/testing";
import { type Module, parseModuleFiles } from "@plinth/module";
import { commandHost } from "./command-host.ts";
import type { ModuleHost, RunningModule } from "./module-host.ts";

const SERVER = `
import { createServer } from "node:http";
const { PORT, HOST, COLOUR, ECHO_TOKEN } = process.env;
createServer((request, response) => {
  if (request.url === "/end") process.exit(3);
  response.end(JSON.stringify({ COLOUR, ECHO_TOKEN, argument: process.argv[2], pid: process.pid }));
}).listen(Number(PORT), HOST);
`;

let root: string;
let discovery: Discovery;
let running: RunningModule | undefined;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "plinth-command-"));
  mkdirSync(join(root, "data/secrets"), { recursive: true });
  writeFileSync(join(root, "server.mjs"), SERVER);
  writeFileSync(join(root, "data/secrets/ECHO_TOKEN"), "hush\n");
  discovery = await openFileDiscovery(join(root, "data/instances"), silentLogger);
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  await discovery.close();
  rmSync(root, { recursive: true });
});

const others: ModuleHost = { start: async () => ({ ports: { http: 1, grpc: 2 }, drain: async () => {}, stop: async () => {} }) };
const host = () => {
  const project = { root, servicesFolder: root, moduleFolders: [root], dataFolder: join(root, "data") };
  return commandHost({ project, foundation: { discovery }, logger: silentLogger }, others);
};

function aModule(spec: readonly string[]): Module {
  const head = ["apiVersion: plinth.dev/v1alpha1", "kind: Module", "metadata: {name: echo}", "spec:", "  version: 1.0.0"];
  const { modules, problems } = parseModuleFiles([{ file: "module.yaml", text: [...head, ...spec.map((line) => `  ${line}`)].join("\n") }]);
  expect(problems).toEqual([]);
  return modules[0] as Module;
}

async function anEcho(spec: readonly string[] = []): Promise<Module> {
  return aModule([
    "command: [node, server.mjs]",
    "args: [loud]",
    "env: [{name: COLOUR, value: blue}]",
    "secrets: [{name: ECHO_TOKEN, from: {secret: echo, key: token}, generate: true}]",
    `ports: {http: ${await freePort()}}`,
    "health: {path: /health, startupSeconds: 20}",
    ...spec,
  ]);
}

const answerOf = async (port: number | undefined) => (await fetch(`http://127.0.0.1:${port}/`)).json();

test("a command runs as its file says, with its secrets as variables, and is found by others", async () => {
  running = await host().start(await anEcho());
  expect(await answerOf(running.ports.http)).toMatchObject({ COLOUR: "blue", ECHO_TOKEN: "hush", argument: "loud" });
  expect(discovery.instances("echo")).toMatchObject([{ host: "127.0.0.1", httpPort: running.ports.http }]);
  const { http } = running.ports;
  await running.stop();
  running = undefined;
  expect(discovery.instances("echo")).toEqual([]);
  await expect(answerOf(http)).rejects.toThrow();
});

test("one that ends is started again", async () => {
  running = await host().start(await anEcho());
  const { http } = running.ports;
  const before = (await answerOf(http)) as { pid: number };
  await fetch(`http://127.0.0.1:${http}/end`).catch(() => {});
  let after = before;
  while (after.pid === before.pid) after = ((await answerOf(http).catch(() => undefined)) as typeof before | undefined) ?? before;
  expect(after).toMatchObject({ COLOUR: "blue", ECHO_TOKEN: "hush" });
});

test("one that ends before it serves, or cannot be run, is told apart", async () => {
  await expect(host().start(aModule(["command: [node, missing.mjs]", "ports: {http: 4}"]))).rejects.toThrow(
    "Module echo ended before it served (exit 1).",
  );
  await expect(host().start(aModule(["command: [no-such-program]", "ports: {http: 4}"]))).rejects.toThrow(/Module echo/);
});

test("a module without a command runs with the others", async () => {
  const { ports } = await host().start(aModule(["ports: {http: 4}"]));
  expect(ports).toEqual({ http: 1, grpc: 2 });
  expect(() => readFileSync(join(root, "data/instances/echo.echo-command.instance.json"))).toThrow();
});
