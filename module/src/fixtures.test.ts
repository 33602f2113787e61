import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { formatProblem } from "./format-problem.ts";
import { parseModuleFiles } from "./parse-modules.ts";
import { type Problem, REASONS } from "./problem.ts";
import { type Resolution, type ResolveOptions, resolve } from "./resolve.ts";

/** Each folder holds the files of some modules, `context.json` with what is known beside them, and `expected.json`. */
const REFUSALS = join(import.meta.dirname, "../fixtures/refusals");

interface Context {
  local?: boolean;
  running?: Record<string, string>;
  notReady?: string[];
  secrets?: string[];
  rpcMethods?: Record<string, string[]>;
}

function resolveFixture(reason: string): Resolution {
  const folder = join(REFUSALS, reason);
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  const files = names
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => ({ file: relative(folder, join(folder, name)).split(sep).join("/"), text: readFileSync(join(folder, name), "utf8") }));
  const context: Context = names.includes("context.json") ? JSON.parse(readFileSync(join(folder, "context.json"), "utf8")) : {};
  const parsed = parseModuleFiles(files);
  return resolve(parsed.modules, { ...parsed, ...optionsOf(context) });
}

function optionsOf(context: Context): ResolveOptions {
  const { local = false, running = {}, notReady = [], secrets, rpcMethods = {} } = context;
  return {
    local,
    running: new Map(Object.entries(running)),
    isReady: (module) => !notReady.includes(module),
    rpcMethods: (module) => (rpcMethods[module] === undefined ? undefined : new Set(rpcMethods[module])),
    ...(secrets !== undefined && { hasSecret: (_, { from }) => secrets.includes(`${from.secret}/${from.key}`) }),
  };
}

function outcomeOf(resolution: Resolution): object {
  const { rejected, waiting, warnings, order } = resolution;
  return { rejected, waiting, warnings, order: order.map((module) => module.metadata.name) };
}

function problemsOf({ rejected, waiting, warnings }: Resolution): Problem[] {
  return [...rejected, ...waiting].flatMap((group) => group.problems).concat(warnings);
}

test("there is a fixture for every reason, and no other", () => {
  expect(readdirSync(REFUSALS).sort()).toEqual([...REASONS].sort());
});

describe.each(REASONS)("%s", (reason) => {
  const resolution = resolveFixture(reason);

  test("gives exactly the expected problems", () => {
    const expected = JSON.parse(readFileSync(join(REFUSALS, reason, "expected.json"), "utf8"));
    expect(outcomeOf(resolution)).toEqual(expected);
  });

  test("is among the reasons, and each problem says where it is and what to do", () => {
    const problems = problemsOf(resolution);
    expect(problems.map((problem) => problem.reason)).toContain(reason);
    for (const problem of problems) {
      expect(problem).toEqual({
        module: expect.stringMatching(/./),
        path: expect.stringMatching(/./),
        value: expect.stringMatching(/./),
        reason: expect.any(String),
        message: expect.stringMatching(/./),
        mend: expect.stringMatching(/./),
        file: expect.stringMatching(/\.yaml$/),
        line: expect.any(Number),
        column: expect.any(Number),
      });
      for (const part of [problem.module, problem.path, problem.value, problem.reason, problem.message, problem.mend]) {
        expect(formatProblem(problem)).toContain(part);
      }
    }
  });

  test("a module is in one place only", () => {
    const places = [resolution.rejected, resolution.waiting].flat().map((group) => group.module);
    const started = resolution.order.map((module) => module.metadata.name);
    // Of two modules with one name the first goes on.
    const both = started.filter((name) => places.includes(name));
    expect(both).toEqual(reason === "NameTaken" ? ["blog"] : []);
  });
});
