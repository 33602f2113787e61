import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type ModuleProblems, type Problem, REASONS } from "@plinth/module";
import { plinth } from "../../test/plinth.ts";

const REFUSALS = join(import.meta.dirname, "../../../module/fixtures/refusals");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "plinth-validate-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The fixture's surroundings as options. */
interface Context {
  readonly local?: boolean;
  readonly running?: Record<string, string>;
  readonly notReady?: string[];
  readonly secrets?: string[];
  readonly rpcMethods?: Record<string, string[]>;
}

function optionsOf(reason: string): string[] {
  const file = join(REFUSALS, reason, "context.json");
  const { local, running, notReady, secrets, rpcMethods }: Context = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  const pairs = Object.entries(running ?? {}).map(([module, version]) => `${module}=${version}`);
  return [
    ...(local ? [] : ["--cluster"]),
    ...(pairs.length > 0 ? ["--running", pairs.join(",")] : []),
    ...(notReady ? ["--not-running", notReady.join(",")] : []),
    ...(secrets ? ["--secrets", secrets.join(",")] : []),
    ...(rpcMethods ? ["--descriptors", descriptorsOf(reason, rpcMethods)] : []),
  ];
}

function descriptorsOf(reason: string, rpcMethods: Record<string, string[]>): string {
  const file = Object.entries(rpcMethods).map(([module, methods]) => ({
    name: `${module}.proto`,
    package: `plinth.${module}.v1`,
    service: [{ name: methods[0]?.split(/[./]/).at(-2) ?? "", method: methods.map((method) => ({ name: method.split("/")[1] ?? "" })) }],
  }));
  const path = join(folder, `${reason}.binpb`);
  writeFileSync(path, toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file })));
  return path;
}

function expectedOf(reason: string): { problems: Problem[]; warnings: Problem[] } {
  const expected = JSON.parse(readFileSync(join(REFUSALS, reason, "expected.json"), "utf8")) as {
    rejected: ModuleProblems[];
    waiting: ModuleProblems[];
    warnings: Problem[];
  };
  return { problems: [...expected.rejected, ...expected.waiting].flatMap(({ problems }) => problems), warnings: expected.warnings };
}

describe("plinth validate", () => {
  test.each(REASONS)("tells %s with module, file, field, value and mend, and exits with 1", async (reason) => {
    const { code, stdout } = await plinth(["validate", ".", ...optionsOf(reason)], { cwd: join(REFUSALS, reason) });
    const { problems, warnings } = expectedOf(reason);
    for (const problem of [...problems, ...warnings]) {
      const { module, path, value, message, mend, file, line, column } = problem;
      expect(stdout).toContain(
        [
          `${problem.reason} in module ${module}`,
          `  at:      ${file}:${line}:${column}`,
          `  field:   ${path}`,
          `  value:   ${value}`,
          `  problem: ${message}`,
          `  mend:    ${mend}`,
        ].join("\n"),
      );
    }
    expect(stdout.match(/^ {2}mend:/gm)).toHaveLength(problems.length + warnings.length);
    expect(problems.length).toBeGreaterThan(0);
    expect(code).toBe(1);
  });

  test("finds nothing wrong with the modules here, and says how many there are", async () => {
    const { code, stdout } = await plinth(["validate"], { cwd: join(import.meta.dirname, "../../..") });
    expect(stdout).toMatch(/^\d+ modules in \d+ files: all right\.\n$/);
    expect(code).toBe(0);
  });

  test("prints what programs can read", async () => {
    const { code, stdout } = await plinth(["validate", "blog.yaml", "billing.yaml", "--json"], { cwd: join(REFUSALS, "PortTaken") });
    expect(JSON.parse(stdout)).toEqual({ problems: expectedOf("PortTaken").problems, warnings: [], valid: ["billing"] });
    expect(code).toBe(1);
  });

  test.each([
    [["validate", "nowhere.yaml"], 1, "There is no nowhere.yaml. Name files or folders that hold modules."],
    [["validate", "--running", "blog"], 2, "--running takes module=version, not blog: --running blog=1.2.0,order=2.0.0"],
    [["validate", "--descriptors", "nothing.binpb"], 2, "There is no nothing.binpb. --descriptors names a file of buf build."],
    [["validate", "--colour"], 2, "error: unknown option '--colour'\nAdd --help to see what it takes."],
  ])("refuses %j", async (args, code, message) => {
    const run = await plinth(args, { cwd: import.meta.dirname });
    expect(run).toEqual({ code, stdout: "", stderr: `${message}\n` });
  });
});
