import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually, freePort } from "@plinth/kernel/testing";
import { callApi } from "./accounts.ts";
import { type LocalPlatform, startLocalPlatform } from "./local-platform.ts";
import { listens } from "./processes.ts";
import { aTemporaryProject, greeterCode, greeterYaml, type TemporaryProject } from "./temporary-project.ts";

/** Module files are followed while the platform runs: wrong ones harm nobody else, and right ones need no restart. */

let project: TemporaryProject;
let platform: LocalPlatform;
let load: Load;

beforeAll(async () => {
  project = aTemporaryProject(["gateway", "auth", "authz", "identity"]);
  await addGreeter("steady");
  // A field of the wrong name, and a module that needs this one.
  await addGreeter("broken", ["sumary: Says hello."]);
  await addGreeter("dependent", ['dependencies: [{module: broken, version: ">=1.0.0"}]']);
  platform = await startLocalPlatform({ ports: "free", project: project.root, env: { GATEWAY_ADDRESS_LIMIT_REQUESTS: "100000000" } });
  load = startLoad(`${await platform.url("gateway")}/api/v1/steady`);
}, 60_000);

afterAll(async () => {
  const { answered, failures } = await load.stop();
  await platform.stop();
  await platform.remove();
  project.delete();
  // Whatever was done to the files of others, nobody who called this module noticed.
  expect(failures).toEqual([]);
  expect(answered).toBeGreaterThan(100);
}, 60_000);

async function addGreeter(name: string, spec: readonly string[] = [], httpPort?: number): Promise<void> {
  project.write(`services/${name}/src/index.ts`, greeterCode(name, `Hello from ${name}`));
  project.write(`services/${name}/module.yaml`, await greeterYaml({ name, spec, ...(httpPort === undefined ? {} : { httpPort }) }));
}

interface Load {
  stop(): Promise<{ answered: number; failures: unknown[] }>;
}

/** Asks for a page all the time. */
function startLoad(url: string): Load {
  let over = false;
  let answered = 0;
  const failures: unknown[] = [];
  const client = async () => {
    while (!over) {
      const [status, body] = await fetch(url).then(
        async (answer) => [answer.status, await answer.text()] as const,
        (error: unknown) => [0, String(error)] as const,
      );
      if (status === 200) answered++;
      else failures.push({ status, body });
    }
  };
  const clients = [client(), client()];
  return {
    async stop() {
      over = true;
      await Promise.all(clients);
      return { answered, failures };
    },
  };
}

async function answers(name: string): Promise<boolean> {
  const { status, body } = await callApi(platform, "GET", `/${name}`);
  return status === 200 && body.greeting === `Hello from ${name}`;
}

/** What the terminal shows from now on. */
function newOutput(): () => string {
  const { length } = platform.output();
  return () => platform.output().slice(length);
}

test("a wrong file is refused with reason and mend, who needs it waits, and all others run", async () => {
  const output = platform.output();
  expect(output).toMatch(/^broken +Rejected +SchemaInvalid$/m);
  expect(output).toMatch(/^dependent +Waiting +DependencyNotRunning$/m);
  expect(output).toMatch(/^steady +1\.0\.0 +Running/m);
  expect(output).toMatch(/^gateway +\S+ +Running/m);
  expect(output).toContain("services/broken/module.yaml:10:3");
  expect(output).toMatch(/sumary.*did you mean "?summary"?/s);
  expect(await answers("steady")).toBe(true);
  expect(await callApi(platform, "GET", "/broken")).toMatchObject({
    status: 404,
    body: { error: { details: { reason: "ROUTE_NOT_FOUND" } } },
  });
});

test("a mended file starts its module, and whoever waited for it", async () => {
  const output = newOutput();
  await addGreeter("broken", ["summary: Says hello."]);
  await eventually(() => answers("broken"));
  await eventually(() => answers("dependent"));
  await eventually(() => /^dependent +1\.0\.0 +Running/m.test(output()));
  expect(output()).not.toContain("Rejected");
});

test("a file that becomes wrong leaves its module, and whoever needs it, at work", async () => {
  const output = newOutput();
  await addGreeter("broken", ["summary: [Says, hello.]"]);
  await eventually(() => /^broken +Rejected +SchemaInvalid$/m.test(output()));
  expect(output()).toMatch(/^broken +1\.0\.0 +Running/m);
  expect(output()).toMatch(/^dependent +1\.0\.0 +Running/m);
  expect([await answers("broken"), await answers("dependent")]).toEqual([true, true]);
  project.write("services/broken/module.yaml", "kind: [Module");
  await eventually(() => /^\(unnamed\) +Rejected +SchemaInvalid$/m.test(output()));
  expect([await answers("broken"), await answers("dependent")]).toEqual([true, true]);
  // Mended, with a path that it did not have before.
  await addGreeter("broken", ["  - {path: /api/v1/other, methods: [GET], auth: public}"]);
  await eventually(async () => {
    const { body } = await callApi(platform, "GET", "/other");
    // The module itself has nothing there, which only the module can say.
    return body.error.message === "There is nothing at GET /api/v1/other.";
  });
});

test("a removed folder stops its module, and its routes go", async () => {
  const url = await platform.url("dependent");
  project.remove("services/dependent");
  await eventually(async () => !(await listens(url)));
  await eventually(async () => (await callApi(platform, "GET", "/dependent")).status === 404);
  await expect(platform.url("dependent")).rejects.toThrow("No instance");
});

test("a new folder starts its module, and its routes come", async () => {
  await addGreeter("late", [], await freePort());
  await eventually(() => answers("late"));
});

test("a changed configuration in the file takes effect in the module that runs", async () => {
  const changed = newOutput();
  await addGreeter("late", ["config: {log: {level: debug}}"], Number(new URL(await platform.url("late")).port));
  await eventually(() => /late +configuration changed keys=.*log\.level/.test(changed()));
});

test("modules that want the same port are told apart: who was there first stays", async () => {
  const output = newOutput();
  const port = Number(new URL(await platform.url("late")).port);
  await addGreeter("rival", [], port);
  await eventually(() => /^rival +Rejected +PortTaken$/m.test(output()));
  expect(await answers("late")).toBe(true);
});
