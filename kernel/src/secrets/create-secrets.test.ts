import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { createSecrets } from "./create-secrets.ts";
import type { Secrets } from "./secrets.ts";

let folder: string;
let secrets: Secrets | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "plinth-secrets-"));
});

afterEach(async () => {
  secrets?.close();
  await rm(folder, { recursive: true, force: true });
});

function nextChange(of: Secrets): Promise<void> {
  return new Promise((resolve) => of.onChange(resolve));
}

test("a variable wins over a file; an empty one is none; the last line break goes", async () => {
  await writeFile(join(folder, "A"), "from-file\n");
  await writeFile(join(folder, "B"), "two\nlines\n\n");
  secrets = createSecrets({ environment: { A: "from-env", B: "" }, folders: [folder] });
  expect([secrets.get("A"), secrets.get("B"), secrets.get("C")]).toEqual(["from-env", "two\nlines\n", undefined]);
});

test("a module's own folder wins over the one of all", async () => {
  const own = join(folder, "blog");
  await mkdir(own);
  await writeFile(join(folder, "A"), "of-all");
  await writeFile(join(folder, "B"), "of-all");
  await writeFile(join(own, "A"), "own");
  secrets = createSecrets({ environment: {}, folders: [own, folder] });
  expect([secrets.get("A"), secrets.get("B"), secrets.get("blog")]).toEqual(["own", "of-all", undefined]);
});

test("a missing one is named with its mend, and no other's value is told", async () => {
  await writeFile(join(folder, "OTHER"), "hunter2");
  secrets = createSecrets({ environment: {}, folders: [folder] });
  expect(secrets.require("OTHER")).toBe("hunter2");
  expect(() => secrets?.require("FX_API_KEY")).toThrow(
    `The secret FX_API_KEY is missing. Set the environment variable FX_API_KEY or write it to the file ${join(folder, "FX_API_KEY")}.`,
  );
});

test("a missing folder is empty, and followed when it comes", async () => {
  const later = join(folder, "later");
  secrets = createSecrets({ environment: {}, folders: [later] });
  expect(secrets.get("A")).toBeUndefined();
  const changed = nextChange(secrets);
  await mkdir(join(folder, "made"));
  await writeFile(join(folder, "made", "A"), "here");
  await rename(join(folder, "made"), later);
  await changed;
  expect(secrets.get("A")).toBe("here");
});

test("the layout of a mounted Kubernetes Secret, and its swap", async () => {
  for (const [version, value] of [
    ["..one", "first"],
    ["..two", "second"],
  ] as const) {
    await mkdir(join(folder, version));
    await writeFile(join(folder, version, "PASSWORD"), value);
  }
  await symlink("..one", join(folder, "..data"));
  await symlink("..data/PASSWORD", join(folder, "PASSWORD"));
  secrets = createSecrets({ environment: {}, folders: [folder] });
  expect(secrets.get("PASSWORD")).toBe("first");
  expect(secrets.get("..data")).toBeUndefined();
  const changed = nextChange(secrets);
  await symlink("..two", join(folder, "..data_tmp"));
  await rename(join(folder, "..data_tmp"), join(folder, "..data"));
  await changed;
  expect(secrets.get("PASSWORD")).toBe("second");
});

test("a listener taken back hears no more", async () => {
  secrets = createSecrets({ environment: {}, folders: [folder] });
  let heard = 0;
  secrets.onChange(() => heard++)();
  const changed = nextChange(secrets);
  await writeFile(join(folder, "A"), "a");
  await changed;
  expect(heard).toBe(0);
});
