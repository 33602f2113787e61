import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import type { Command } from "commander";
import { plinth } from "../test/plinth.ts";
import { commandReference } from "./output/reference.ts";
import { buildProgram } from "./program.ts";

const here = { cwd: import.meta.dirname };

/** Every command, by its words. */
function paths(command: Command, parent: readonly string[] = []): string[][] {
  return command.commands.flatMap((child) => [[...parent, child.name()], ...paths(child, [...parent, child.name()])]);
}

describe("the plinth command", () => {
  test("is described in docs/reference/cli.md as it is; node scripts/generate-cli-reference.ts writes it anew", () => {
    const written = readFileSync(join(import.meta.dirname, "../../docs/reference/cli.md"), "utf8");
    expect(written).toBe(commandReference(buildProgram()));
  });

  test("says of each command and option what it does", () => {
    const undescribed = (command: Command): string[] => [
      ...(command.description() === "" ? [command.name()] : []),
      ...command.options.filter(({ description, hidden }) => description === "" && !hidden).map(({ flags }) => flags),
      ...command.registeredArguments.filter(({ description }) => description === "").map((argument) => argument.name()),
      ...command.commands.flatMap(undescribed),
    ];
    expect(undescribed(buildProgram())).toEqual([]);
  });

  test("helps and exits with 0, or refuses what it does not know and exits with 2", async () => {
    const [help, version, unknown, missing, choice] = await Promise.all([
      plinth(["events", "tail", "--help"], here),
      plinth(["--version"], here),
      plinth(["bogus"], here),
      plinth(["run"], here),
      plinth(["graph", "--format", "gif"], here),
    ]);
    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining("plinth events tail [options] [topics...]"), stderr: "" });
    expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect(unknown).toMatchObject({ code: 2, stdout: "", stderr: "error: unknown command 'bogus'\nAdd --help to see what it takes.\n" });
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining("missing required argument 'module'") });
    expect(choice).toMatchObject({ code: 2, stderr: expect.stringContaining("Allowed choices are text, dot, mermaid, svg.") });
  });

  test("writes no colour codes into a pipe", async () => {
    const runs = await Promise.all([plinth(["routes"], here), plinth(["validate"], here), plinth(["nonsense"], here)]);
    for (const { stdout, stderr } of runs) expect(stdout + stderr).not.toContain("\u001b[");
  });

  test("says what to do where there is no project", async () => {
    const { code, stderr } = await plinth(["routes"], { cwd: "/" });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "No services/ folder in / or above it. Run plinth inside a project, or make a first module: plinth new module hello\n",
    });
  });
});

describe("plinth completion", () => {
  test("completes every command in bash, and the options behind it", async () => {
    const { stdout } = await plinth(["completion", "bash"], here);
    const complete = (line: string[]): string[] => {
      const words = ["plinth", ...line].map((word) => `'${word}'`).join(" ");
      const script = `${stdout}\nCOMP_WORDS=(${words}); COMP_CWORD=${line.length}; _plinth; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return execFileSync("bash", ["-c", script], { encoding: "utf8" }).trim().split("\n");
    };
    for (const path of paths(buildProgram())) expect(complete(path)).toContain(path.at(-1));
    expect(complete(["events", "tail", "blog.post", "--si"])).toEqual(["--since"]);
    expect(complete(["mat"])).toEqual(["matrix"]);
  });

  test.each(["zsh", "fish"])("has a script for %s", async (shell) => {
    const { code, stdout } = await plinth(["completion", shell], here);
    expect(code).toBe(0);
    for (const [name] of paths(buildProgram())) expect(stdout).toContain(name);
  });
});
