import { mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { silentLogger } from "../logging/silent-logger.ts";
import { describeDiscovery } from "./discovery-contract.ts";
import { openFileDiscovery } from "./file-discovery.ts";

describeDiscovery("files in a folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "plinth-discovery-"));
  return { open: () => openFileDiscovery(folder, silentLogger), close: () => rm(folder, { recursive: true, force: true }) };
});

describe("file discovery", () => {
  const instance = { id: "blog-1", host: "127.0.0.1", httpPort: 8001, grpcPort: 9001, version: "1.0.0" };
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "plinth-discovery-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test("a broken file harms no other instance, and what it said before stays", async () => {
    const discovery = await openFileDiscovery(folder, silentLogger);
    await discovery.register("blog", instance);
    await writeFile(join(folder, "blog.blog-1.instance.json"), "{");
    await writeFile(join(folder, "audit.audit-1.instance.json"), '{"module": "audit"}');
    await discovery.register("blog", { ...instance, id: "blog-2" });
    expect(discovery.instances("blog").map(({ id }) => id)).toEqual(["blog-1", "blog-2"]);
    expect(discovery.instances("audit")).toEqual([]);
    await discovery.close();
  });

  test("what a killed process has left is removed by whoever reads next, also where another one has its number now", async () => {
    const discovery = await openFileDiscovery(folder, silentLogger);
    await discovery.register("blog", instance);
    for (const [name, mark] of Object.entries({ dead: { pid: 2 ** 22 + 1, since: "1" }, reused: { pid: process.pid, since: "1" } })) {
      const registration = { module: "blog", instance: { ...instance, id: name }, process: mark };
      await writeFile(join(folder, `blog.${name}.instance.json`), JSON.stringify(registration));
    }
    const next = await openFileDiscovery(folder, silentLogger);
    expect(next.instances("blog").map(({ id }) => id)).toEqual(["blog-1"]);
    expect(await readdir(folder)).toEqual(["blog.blog-1.instance.json"]);
    await discovery.close();
    await next.close();
  });

  test("when the folder is away the last known instances stay", async () => {
    const inner = join(folder, "inner");
    const discovery = await openFileDiscovery(inner, silentLogger);
    await discovery.register("blog", instance);
    await rename(inner, join(folder, "elsewhere"));
    await discovery.deregister("audit", "none");
    expect(discovery.instances("blog")).toEqual([instance]);
    await discovery.close();
  });

  test("names cannot lead out of the folder", async () => {
    const discovery = await openFileDiscovery(join(folder, "inner"), silentLogger);
    await discovery.register("../../evil", { ...instance, id: "../x" });
    expect(discovery.instances("../../evil")).toEqual([{ ...instance, id: "../x" }]);
    const later = await openFileDiscovery(join(folder, "inner"), silentLogger);
    expect(later.instances("../../evil")).toHaveLength(1);
    await discovery.close();
    await later.close();
  });
});
