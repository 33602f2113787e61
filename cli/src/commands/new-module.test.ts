import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { plinth, type Run, startPlinth } from "../../test/plinth.ts";
import { copyProject, type ProjectCopy } from "../../test/project-copy.ts";

/** Every module of the platform in its project, a new one among them. */
let project: ProjectCopy;
let made: Run;

beforeAll(async () => {
  project = copyProject(readdirSync(join(import.meta.dirname, "../../../services")));
  made = await plinth(["new", "module", "price-list"], { cwd: project.root });
}, 60_000);
afterAll(() => project.remove());

/** Runs an installed program in the project; rejects with what it said when it finds something. */
async function check(program: string, ...args: string[]): Promise<string> {
  const path = [dirname(process.execPath), join(project.root, "node_modules/.bin"), process.env.PATH].join(delimiter);
  const { stdout } = await promisify(execFile)(program, args, { cwd: project.root, env: { ...process.env, PATH: path } }).catch(
    (error: { stdout: string; stderr: string }) => {
      throw new Error(`${program} ${args.join(" ")}:\n${error.stdout}${error.stderr}`);
    },
  );
  return stdout;
}

/** As registered by the platform that runs in the project. */
function portOf(module: string): number {
  const folder = join(project.root, ".plinth", "instances");
  const file = readdirSync(folder).find((name) => name.startsWith(`${module}.`)) ?? "";
  return (JSON.parse(readFileSync(join(folder, file), "utf8")) as { instance: { httpPort: number } }).instance.httpPort;
}

describe("plinth new module", () => {
  test("writes a service, its proto and nothing else by hand, and says what comes next", () => {
    expect(made).toMatchObject({ code: 0, stderr: "" });
    expect(made.stdout).toContain("services/price-list/src/index.ts\n");
    expect(made.stdout).toContain("proto/plinth/price_list/v1/price_list.proto\n");
    const lock = JSON.parse(readFileSync(join(project.root, "package-lock.json"), "utf8")) as { packages: Record<string, unknown> };
    expect(lock.packages["services/price-list"]).toMatchObject({ name: "@plinth/price-list" });
    expect(existsSync(join(project.root, "proto/gen/plinth/price_list/v1/price_list_pb.js"))).toBe(true);
  });

  test("passes its own tests and every check, without an edit elsewhere", async () => {
    const only = join(project.root, "tsconfig.new.json");
    writeFileSync(only, JSON.stringify({ extends: "./tsconfig.json", include: ["services/price-list"] }));
    const jest = ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning", "node_modules/jest/bin/jest.js", "--json"];
    const [report] = await Promise.all([
      check("node", ...jest, "--roots=services/price-list", "--roots=e2e", "--", "services/price-list", "e2e/declarations"),
      check("tsc", "--noEmit", "-p", only),
      check("biome", "check", "--error-on-warnings", "--vcs-enabled=false", "services/price-list"),
      check("depcruise", "--config", ".dependency-cruiser.cjs", "services/price-list", "--focus", "^services/price-list"),
      check("buf", "lint"),
      check("node", "cli/bin/plinth", "validate"),
    ]);
    const { success, numPassedTests } = JSON.parse(report) as Record<string, unknown>;
    expect(success).toBe(true);
    expect(numPassedTests).toBeGreaterThanOrEqual(8);
  }, 60_000);

  test("runs with the others: answers through the gateway, and has a page of its own", async () => {
    const names = readdirSync(join(project.root, "services")).map((name) => name.toUpperCase().replaceAll("-", "_"));
    const anyPort = (name: string) => [`${name}_SERVER_HTTP_ADDR`, `${name}_SERVER_GRPC_ADDR`].map((key) => [key, "127.0.0.1:0"] as const);
    const sink = { NOTIFICATION_SINK_SMTP_PORT: "0", NOTIFICATION_SINK_WEB_PORT: "0" };
    const env = { ...Object.fromEntries(names.flatMap(anyPort)), ...sink };
    const platform = startPlinth(["up", "--only", "gateway,price-list"], { cwd: project.root, env });
    try {
      let output = "";
      platform.stderr.on("data", (chunk) => {
        output += chunk;
      });
      for await (const chunk of platform.stdout) {
        output += chunk;
        if (output.includes("Ready in ")) break;
      }
      expect(output).toContain("Ready in ");
      const gateway = `http://127.0.0.1:${portOf("gateway")}`;
      const answer = await fetch(`${gateway}/api/v1/price-list/greetings/Ada`);
      expect({ status: answer.status, body: await answer.json() }).toMatchObject({
        status: 200,
        body: { success: true, data: { text: "Hello, Ada!" } },
      });
      const own = `http://127.0.0.1:${portOf("price-list")}`;
      const [page, document] = await Promise.all([fetch(`${own}/docs`), fetch(`${own}/openapi.json`)]);
      expect(await page.text()).toContain("/api/v1/price-list/greetings/{who}");
      expect(await document.json()).toMatchObject({ paths: { "/api/v1/price-list/greetings/{who}": { get: expect.anything() } } });
    } finally {
      platform.stdout.resume();
      platform.kill("SIGTERM");
      await once(platform, "exit");
    }
    expect(platform.exitCode).toBe(0);
  }, 60_000);

  test("overwrites nothing", async () => {
    const before = readFileSync(join(project.root, "services/blog/module.yaml"), "utf8");
    const { code, stderr } = await plinth(["new", "module", "blog"], { cwd: project.root });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^services\/blog\/.* is there already, and nothing is overwritten. Choose another name, or move it away.\n$/);
    expect(readFileSync(join(project.root, "services/blog/module.yaml"), "utf8")).toBe(before);
    expect(existsSync(join(project.root, "services/blog/src/rpc/greeting-handlers.ts"))).toBe(false);
  });

  test("refuses a name that cannot be one", async () => {
    const { code, stderr } = await plinth(["new", "module", "Price_List"], { cwd: project.root });
    expect(code).toBe(2);
    expect(stderr).toContain('"Price_List" cannot name a module. Take lower-case letters and digits');
  });

  test("has no place to write to outside a checkout", async () => {
    const { code, stderr } = await plinth(["new", "module", "stock"], { cwd: dirname(project.root) });
    expect(code).toBe(1);
    expect(stderr).toContain("Run this inside a checkout of Plinth.");
  });
});
