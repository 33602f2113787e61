import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually } from "./eventually.ts";
import { type LocalPlatform, startLocalPlatform } from "./local-platform.ts";
import { type TinyProject, tinyProject } from "./tiny-project.ts";

/** `plinth up --watch`: an edit shows by itself. */
let project: TinyProject;
let platform: LocalPlatform;

beforeAll(async () => {
  project = await tinyProject();
  for (const module of ["edited", "neighbour"]) {
    await project.declare(module);
    await project.program(module, "first");
  }
  platform = await startLocalPlatform({ ports: "free", project: project.root, arguments: ["--watch"] });
}, 60_000);

afterAll(async () => {
  await platform.stop();
  await platform.remove();
  await project.remove();
});

const word = async (module: string) => (await fetch(`${await platform.url(module)}/word`)).text();

test("an edited handler answers anew, without its neighbours being restarted", async () => {
  expect(await word("edited")).toBe("first");
  const neighbour = await platform.url("neighbour");
  await project.program("edited", "second");
  await eventually("the edit shows", async () => (await word("edited")) === "second");
  expect(await platform.url("neighbour")).toBe(neighbour);
});

test("a mistake is shown, leaves the others alone, and is forgotten once it is mended", async () => {
  const before = platform.output().length;
  await project.writeCode("edited", "export default defineServ(;\n");
  await eventually("the mistake is shown", () => /edited.*(did not start|not start|SyntaxError)/s.test(platform.output().slice(before)));
  expect(await word("neighbour")).toBe("first");
  await project.program("edited", "third");
  await eventually("the mended module answers", async () => (await word("edited")) === "third");
});
