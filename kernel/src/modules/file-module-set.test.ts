import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { silentLogger } from "../logging/silent-logger.ts";
import { eventually } from "../testing/eventually.ts";
import { type FileModuleSet, openFileModuleSet } from "./file-module-set.ts";

let root: string;
let set: FileModuleSet;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "plinth-modules-"));
});
afterEach(async () => {
  set.close();
  await rm(root, { recursive: true, force: true });
});

function yaml(name: string, extra = "", version = "1.0.0"): string {
  return `apiVersion: plinth.dev/v1alpha1\nkind: Module\nmetadata: {name: ${name}}\nspec:\n  version: ${version}\n  summary: The module ${name}.\n${extra}`;
}

async function write(name: string, text: string): Promise<void> {
  await mkdir(join(root, name), { recursive: true });
  await writeFile(join(root, name, "module.yaml"), text);
}

async function open(): Promise<FileModuleSet> {
  set = await openFileModuleSet({ roots: [root], logger: silentLogger });
  return set;
}

const names = () => set.current.modules.map((module) => `${module.metadata.name}@${module.spec.version}`);

const NEEDS_AUDIT = "  dependencies: [{module: audit, version: ^1.0.0}]\n";

describe("file module set", () => {
  test("knows the modules of all folders, dependencies first, and where they are", async () => {
    await write("blog", yaml("blog", NEEDS_AUDIT));
    await write("audit", yaml("audit"));
    await mkdir(join(root, "notes"));
    await writeFile(join(root, "README.md"), "no module");
    await open();
    expect(names()).toEqual(["audit@1.0.0", "blog@1.0.0"]);
    expect(set.folderOf("blog")).toBe(join(root, "blog"));
    expect(set.resolution.rejected).toEqual([]);
  });

  test("follows modules that come, change and go", async () => {
    await write("audit", yaml("audit"));
    await open();
    const revisions: number[] = [];
    const stop = set.onChange(({ revision }) => revisions.push(revision));
    await write("blog", yaml("blog", NEEDS_AUDIT));
    await eventually(() => names().join() === "audit@1.0.0,blog@1.0.0");
    const audit = set.current.modules[0];
    await write("blog", yaml("blog", NEEDS_AUDIT, "1.1.0"));
    await eventually(() => names().join() === "audit@1.0.0,blog@1.1.0");
    expect(set.current.modules[0]).toBe(audit);
    await rm(join(root, "blog"), { recursive: true });
    await eventually(() => names().join() === "audit@1.0.0");
    expect(revisions).toEqual([...revisions].sort((one, other) => one - other));
    expect(new Set(revisions).size).toBe(revisions.length);
    stop();
  });

  test("an editor that replaces the file by renaming is followed", async () => {
    await write("audit", yaml("audit"));
    await open();
    await writeFile(join(root, "draft"), yaml("audit", "", "1.2.0"));
    await rename(join(root, "draft"), join(root, "audit", "module.yaml"));
    await eventually(() => names().join() === "audit@1.2.0");
  });

  test.each([
    ["wrong", yaml("audit", "  replicas: many\n", "1.1.0"), "SchemaInvalid"],
    ["broken", "apiVersion: [", "SchemaInvalid"],
    ["that names a module which is not there", yaml("audit", "  dependencies: [{module: ghost, version: ^1.0.0}]\n"), "DependencyMissing"],
  ])("with a file that becomes %s the last good version stays, with the problem told", async (_name, text, reason) => {
    await write("audit", yaml("audit"));
    await write("blog", yaml("blog", NEEDS_AUDIT));
    await open();
    const before = set.current;
    await write("audit", text);
    await set.refresh();
    expect(set.current).toBe(before);
    expect(set.resolution.rejected.flatMap(({ problems }) => problems.map((problem) => problem.reason))).toContain(reason);
    await write("audit", yaml("audit", "", "1.1.0"));
    await set.refresh();
    expect(names()).toEqual(["audit@1.1.0", "blog@1.0.0"]);
    expect(set.resolution.rejected).toEqual([]);
  });

  test("a change during a reading is not missed", async () => {
    // audit is read first; the others make the reading last longer than the change.
    await write("audit", yaml("audit"));
    for (let index = 10; index < 50; index++) await write(`module-${index}`, "");
    await open();
    for (let round = 1; round <= 10; round++) {
      const reading = set.refresh();
      await write("audit", yaml("audit", "", `1.0.${round}`));
      await set.refresh();
      expect(names()).toEqual([`audit@1.0.${round}`]);
      await reading;
    }
  });

  test("an empty file, as one that is just being written, takes nothing away", async () => {
    await write("audit", yaml("audit"));
    await open();
    await write("audit", "");
    await set.refresh();
    expect(names()).toEqual(["audit@1.0.0"]);
  });

  test("a module that is wrong from the start is not there, others are; it comes when it is mended", async () => {
    await write("audit", yaml("audit"));
    await write("blog", yaml("blog", "  dependencies: [{module: ghost, version: ^1.0.0}]\n"));
    await open();
    expect(names()).toEqual(["audit@1.0.0"]);
    const told: number[] = [];
    set.onResolution(({ rejected }) => told.push(rejected.length));
    await write("ghost", yaml("ghost"));
    await eventually(() => names().length === 3);
    expect(told.at(-1)).toBe(0);
  });

  test("a module that is renamed is another module", async () => {
    await write("audit", yaml("audit"));
    await open();
    await write("audit", yaml("journal"));
    await set.refresh();
    expect(names()).toEqual(["journal@1.0.0"]);
  });

  test("a newcomer that takes the port of one that serves is refused, the one that serves stays", async () => {
    await write("audit", yaml("audit", "  ports: {http: 8001, grpc: 9001}\n"));
    await open();
    await write("blog", yaml("blog", "  ports: {http: 8001, grpc: 9002}\n"));
    await set.refresh();
    expect(names()).toEqual(["audit@1.0.0"]);
    expect(set.resolution.rejected.length).toBeGreaterThan(0);
  });

  test("a root that is not there yet is no error, and is found when it comes", async () => {
    const later = join(root, "later");
    set = await openFileModuleSet({ roots: [later], logger: silentLogger });
    expect(set.current.modules).toEqual([]);
    await mkdir(join(later, "audit"), { recursive: true });
    await writeFile(join(later, "audit", "module.yaml"), yaml("audit"));
    await eventually(() => names().join() === "audit@1.0.0");
  });

  test("closed it tells nothing more", async () => {
    await write("audit", yaml("audit"));
    await open();
    let told = 0;
    set.onChange(() => void told++);
    set.close();
    await write("audit", yaml("audit", "", "2.0.0"));
    await set.refresh();
    expect(told).toBe(0);
  });
});
