import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CACHE, withLock } from "./cache.ts";
import type { GoComponent, GoProgram } from "./catalogue.ts";

/** The oldest Go that builds every component. */
const GO = "1.26";

interface GoMod {
  readonly Replace?: readonly { Old: GoModule; New: GoModule }[] | null;
}

interface GoModule {
  readonly Path: string;
  readonly Version?: string;
}

/**
 * Builds what is missing of a component and returns the environment variables that name its programs. A program appears under its name only
 * when it is whole.
 */
export async function installGo(name: string, component: GoComponent): Promise<Record<string, string>> {
  const folder = join(CACHE, name, component.version);
  const pathOf = (program: GoProgram) => join(folder, program.binary);
  const missing = () => component.programs.filter((program) => !existsSync(pathOf(program)));
  if (missing().length > 0) {
    mkdirSync(folder, { recursive: true });
    await withLock(
      join(folder, ".lock"),
      () => report(`Waiting for another process that builds ${name} ${component.version}.`),
      () => build(name, component, folder, missing()),
    );
  }
  return Object.fromEntries(component.programs.map((program) => [program.variable, pathOf(program)]));
}

function build(name: string, component: GoComponent, folder: string, programs: readonly GoProgram[]): void {
  if (programs.length === 0) return;
  checkGo(name);
  const workspace = mkdtempSync(join(tmpdir(), `plinth-${name}-`));
  try {
    report(`Building ${name} ${component.version} from its Go module; minutes at the first time.`);
    writeGoMod(workspace, component);
    go(workspace, ["mod", "tidy", "-e"], component);
    for (const program of programs) {
      // Beside its final place, so that the rename stays within one file system.
      const partial = join(folder, `.${program.binary}.${process.pid}`);
      try {
        go(workspace, ["build", "-ldflags", linkerFlags(component), "-o", partial, program.goPackage], component);
        renameSync(partial, join(folder, program.binary));
      } finally {
        rmSync(partial, { force: true });
      }
    }
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}

/** A module of our own that requires the component's: `go install` refuses modules whose go.mod replaces others. */
function writeGoMod(workspace: string, component: GoComponent): void {
  const replaces = replacesOf(workspace, component).map(
    ({ Old, New }) => `\t${[Old.Path, Old.Version].filter(Boolean).join(" ")} => ${New.Path} ${New.Version}`,
  );
  const lines = [
    "module programs",
    "",
    `go ${GO}.0`,
    "",
    `require ${component.module} ${component.version}`,
    "",
    "replace (",
    ...replaces,
    ")",
    "",
  ];
  writeFileSync(join(workspace, "go.mod"), lines.join("\n"));
  const imports = component.programs.map(({ goPackage }) => `\t_ "${goPackage}"`);
  writeFileSync(
    join(workspace, "programs.go"),
    ["//go:build programs", "", "package programs", "", "import (", ...imports, ")", ""].join("\n"),
  );
}

/** Replaces count only in the main module, so they are taken over; folders of the component's own repository become published modules. */
function replacesOf(workspace: string, component: GoComponent): { Old: GoModule; New: GoModule }[] {
  const download = JSON.parse(go(workspace, ["mod", "download", "-json", `${component.module}@${component.version}`], component)) as {
    GoMod: string;
  };
  writeFileSync(join(workspace, "upstream.mod"), readFileSync(download.GoMod));
  const upstream = JSON.parse(go(workspace, ["mod", "edit", "-json", "upstream.mod"], component)) as GoMod;
  return (upstream.Replace ?? []).flatMap(({ Old, New }) => {
    if (!New.Path.startsWith(".")) return [{ Old, New }];
    return component.stagingVersion === undefined ? [] : [{ Old, New: { Path: Old.Path, Version: component.stagingVersion } }];
  });
}

function linkerFlags(component: GoComponent): string {
  return ["-s", "-w", ...Object.entries(component.linkerValues ?? {}).map(([key, value]) => `-X ${key}=${value}`)].join(" ");
}

function go(workspace: string, args: readonly string[], component: GoComponent): string {
  const result = spawnSync("go", args, {
    cwd: workspace,
    env: { ...process.env, GOFLAGS: "-buildvcs=false", ...(component.static ? { CGO_ENABLED: "0" } : {}) },
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.status === 0) return result.stdout;
  const last = `${result.stderr}${result.stdout}`.trim().split("\n").slice(-20).join("\n");
  throw new Error(`${component.module} ${component.version}: go ${args[0]} failed.\n${last}`);
}

function checkGo(name: string): void {
  const version = spawnSync("go", ["env", "GOVERSION"], { encoding: "utf8" });
  if (version.error || version.status !== 0)
    throw new Error(`${name} is built with Go, which is not there. Install Go ${GO} or newer: https://go.dev/dl`);
  const [, major = "0", minor = "0"] = /^go(\d+)\.(\d+)/.exec(version.stdout) ?? [];
  const [neededMajor = 0, neededMinor = 0] = GO.split(".").map(Number);
  const isOld = Number(major) < neededMajor || (Number(major) === neededMajor && Number(minor) < neededMinor);
  if (isOld) throw new Error(`${name} needs Go ${GO} or newer; found ${version.stdout.trim()}. Install a newer one: https://go.dev/dl`);
}

function report(line: string): void {
  process.stderr.write(`${line}\n`);
}
