import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import { type LocalPlatform, startLocalPlatform } from "./local-platform.ts";
import { aTemporaryProject, greeterCode, greeterYaml, type TemporaryProject } from "./temporary-project.ts";

/** `plinth up --watch`: an edit shows by itself. */
let project: TemporaryProject;
let platform: LocalPlatform;

beforeAll(async () => {
  project = aTemporaryProject([]);
  for (const name of ["edited", "neighbour"]) {
    project.write(`services/${name}/module.yaml`, await greeterYaml({ name }));
    program(name, "first");
  }
  platform = await startLocalPlatform({ ports: "free", project: project.root, arguments: ["--watch"] });
}, 60_000);

afterAll(async () => {
  await platform.stop();
  await platform.remove();
  project.delete();
});

const program = (name: string, word: string) => project.write(`services/${name}/src/index.ts`, greeterCode(name, word, { public: true }));

async function word(name: string): Promise<string> {
  const answer = await fetch(`${await platform.url(name)}/api/v1/${name}`);
  return ((await answer.json()) as { greeting: string }).greeting;
}

test("an edited handler answers anew, without its neighbours being restarted", async () => {
  expect(await word("edited")).toBe("first");
  const neighbour = await platform.url("neighbour");
  program("edited", "second");
  await eventually(async () => (await word("edited")) === "second");
  expect(await platform.url("neighbour")).toBe(neighbour);
});

test("a mistake is shown, leaves the others alone, and is forgotten once it is mended", async () => {
  const before = platform.output().length;
  project.write("services/edited/src/index.ts", "export default defineServ(;\n");
  await eventually(() => /edited.*(did not start|not start|SyntaxError)/s.test(platform.output().slice(before)));
  expect(await word("neighbour")).toBe("first");
  program("edited", "third");
  await eventually(async () => (await word("edited")) === "third");
});
