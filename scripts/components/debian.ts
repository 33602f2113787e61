import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CACHE, withLock } from "./cache.ts";
import type { DebianComponent } from "./catalogue.ts";

/** Read by package scripts before they start a service; 101 says no. */
const POLICY = "/usr/sbin/policy-rc.d";

/** Installs the packages whose programs are missing, when that is allowed, and returns the environment variables that name them. */
export async function installDebian(name: string, component: DebianComponent): Promise<Readonly<Record<string, string>>> {
  const missing = () => Object.entries(component.packages).flatMap(([pkg, file]) => (existsSync(file) ? [] : [pkg]));
  if (missing().length > 0) {
    if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
      throw new Error(
        `${name} needs ${missing().join(", ")}. On Debian or Ubuntu: sudo apt-get install --no-install-recommends ${missing().join(" ")}`,
      );
    }
    mkdirSync(CACHE, { recursive: true });
    await withLock(
      join(CACHE, ".apt.lock"),
      () => process.stderr.write("Waiting for another process that installs packages.\n"),
      () => {
        if (missing().length > 0) install(missing());
      },
    );
    if (missing().length > 0)
      throw new Error(`${name}: ${missing().join(", ")} did not bring the expected files. Is this Debian 12 or newer?`);
  }
  return component.variables;
}

function install(packages: readonly string[]): void {
  process.stderr.write(`Installing ${packages.join(", ")}.\n`);
  withoutStartingServices(() => {
    apt(["update", "--quiet"]);
    apt(["install", "--yes", "--quiet", "--no-install-recommends", ...packages]);
  });
}

/** A package such as etcd-server would start a service at once; only its programs are wanted here. */
function withoutStartingServices(work: () => void): void {
  const ours = !existsSync(POLICY);
  if (ours) writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    work();
  } finally {
    if (ours) rmSync(POLICY, { force: true });
  }
}

function apt(args: readonly string[]): void {
  const result = spawnSync("apt-get", args, { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }, encoding: "utf8" });
  if (result.status !== 0) throw new Error(`apt-get ${args.join(" ")} failed.\n${result.stderr.trim()}`);
}
