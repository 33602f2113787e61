import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

const ROOT = resolve(import.meta.dirname, "..");
const DEPCRUISE = join(ROOT, "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs");
const CONFIG = join(ROOT, ".dependency-cruiser.cjs");

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "plinth-import-rules-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Checks a tree of files by the real rules: each violation as `rule: from → to`, and whether the command fails. */
function check(files: Record<string, string>): { violations: string[]; fails: () => boolean } {
  const declared = { name: "tree", type: "module", dependencies: {} };
  for (const [path, text] of Object.entries({ "package.json": JSON.stringify(declared), ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const rooms = [...new Set(Object.keys(files).map((path) => path.split("/")[0] ?? path))];
  const cruise = (type: string) =>
    spawnSync(process.execPath, [DEPCRUISE, "--config", CONFIG, "--output-type", type, ...rooms], { cwd: folder, encoding: "utf8" });
  const report = JSON.parse(cruise("json").stdout) as { summary: { violations: { rule: { name: string }; from: string; to: string }[] } };
  const violations = report.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`);
  return { violations: violations.sort(), fails: () => cruise("err").status !== 0 };
}

const use = (path: string) => `import { it } from "${path}";\nexport const mine = it;\n`;
const leaf = "export const it = 1;\n";

describe("the import rules", () => {
  test("let through what the architecture allows", () => {
    const { fails, violations } = check({
      "module/src/index.ts": leaf,
      "kernel/src/base/ids.ts": leaf,
      "kernel/src/base/index.ts": use("./ids.ts"),
      "kernel/src/database/database.ts": use("../base/ids.ts"),
      "kernel/src/events/outbox.ts": use("../database/database.ts"),
      "kernel/src/testing/index.ts": use("../events/outbox.ts"),
      "kernel/src/base/ids.test.ts": use("../testing/index.ts"),
      "services/blog/src/domain/post.ts": use("../../../../kernel/src/base/index.ts"),
      "services/blog/src/store/post-store.ts": use("../domain/post.ts"),
      "services/blog/src/index.ts": use("./store/post-store.ts"),
      "services/gateway/src/routes.ts": use("../../../module/src/index.ts"),
      "cli/src/main.ts": use("../../module/src/index.ts"),
    });
    expect(violations).toEqual([]);
    expect(fails()).toBe(false);
  });

  test("refuse a cycle", () => {
    const { fails, violations } = check({
      "module/src/one.ts": `import { two } from "./two.ts";\nexport const one = () => two;\n`,
      "module/src/two.ts": `import { one } from "./one.ts";\nexport const two = () => one;\n`,
    });
    expect(violations).toEqual(["no-circular: module/src/one.ts → module/src/two.ts"]);
    expect(fails()).toBe(true);
  });

  test("refuse a lower layer of the kernel that knows a higher one, also by a type", () => {
    const { fails, violations } = check({
      "kernel/src/events/bus.ts": leaf,
      "kernel/src/base/ids.ts": `import type { it } from "../events/bus.ts";\nexport type Mine = typeof it;\n`,
    });
    expect(violations).toEqual(["kernel-layer-base: kernel/src/base/ids.ts → kernel/src/events/bus.ts"]);
    expect(fails()).toBe(true);
  });

  test.each([
    ["kernel-capability-cache", "kernel/src/cache/cache.ts", "kernel/src/events/bus.ts"],
    ["kernel-no-entries-inside", "kernel/src/service/service.ts", "kernel/src/events/index.ts"],
    ["kernel-known-folders", "kernel/src/service/service.ts", "kernel/src/misc/things.ts"],
    ["kernel-embedded-is-apart", "kernel/src/database/database.ts", "kernel/src/embedded/server.ts"],
    ["kernel-entries", "services/blog/src/index.ts", "kernel/src/events/bus.ts"],
    ["testing-in-tests", "services/blog/src/index.ts", "kernel/src/testing/index.ts"],
    ["module-entry", "cli/src/main.ts", "module/src/graph.ts"],
    ["room-proto", "proto/gen/a.js", "module/src/index.ts"],
    ["room-module", "module/src/graph.ts", "proto/gen/a.js"],
    ["room-kernel", "kernel/src/service/service.ts", "services/blog/src/index.ts"],
    ["room-service", "services/blog/src/index.ts", "services/auth/src/index.ts"],
    ["room-service", "services/blog/src/index.ts", "module/src/index.ts"],
    ["room-follower", "services/gateway/src/index.ts", "services/auth/src/index.ts"],
    ["room-cli", "cli/src/main.ts", "services/auth/src/index.ts"],
    ["domain-knows-no-outside", "services/blog/src/domain/post.ts", "services/blog/src/store/post-store.ts"],
    ["domain-knows-no-outside", "services/blog/src/domain/post.ts", "kernel/src/database/index.ts"],
    ["store-behind-interfaces", "services/blog/src/rpc/get-post.ts", "services/blog/src/store/post-store.ts"],
  ])("%s: %s must not import %s", (rule, from, to) => {
    const depth = from.split("/").length - 1;
    const { violations } = check({ [from]: use(`${"../".repeat(depth)}${to}`), [to]: leaf });
    expect(violations).toEqual([`${rule}: ${from} → ${to}`]);
  });

  test("refuse a domain that does I/O", () => {
    const { violations } = check({
      "services/blog/src/domain/post.ts": `import { readFileSync } from "node:fs";\nexport const read = readFileSync;\n`,
    });
    expect(violations).toEqual(["domain-does-no-io: services/blog/src/domain/post.ts → fs"]);
  });

  test("refuse what is not there, and see imports within a `using` declaration", () => {
    const { violations } = check({
      "cli/src/main.ts": `export async function run() {\n  using gone = (await import("./gone.ts")).gone;\n  return gone;\n}\n`,
    });
    expect(violations).toEqual(["resolvable: cli/src/main.ts → ./gone.ts"]);
  });
});
