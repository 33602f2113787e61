import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";

const REPOSITORY = join(import.meta.dirname, "../..");
const LEFT_OUT = ["node_modules", "gen", ".git", ".plinth", ".cache", "bench", "docs", "k8s"];

/** A project of a test's own, to write into. */
export interface ProjectCopy {
  readonly root: string;
  remove(): void;
}

/** This repository as after `git clone` and `npm ci --ignore-scripts`, with only the named services; nothing is generated yet. */
export function copyProject(services: readonly string[]): ProjectCopy {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "plinth-project-")));
  for (const name of readdirSync(REPOSITORY)) {
    if (LEFT_OUT.includes(name)) continue;
    cpSync(join(REPOSITORY, name), join(root, name), {
      recursive: true,
      filter: (source) => {
        if (LEFT_OUT.includes(basename(source))) return false;
        return dirname(source) !== join(REPOSITORY, "services") || services.includes(basename(source));
      },
    });
  }
  const workspaces = ["", "proto", "module", "kernel", "cli", ...services.map((service) => join("services", service))];
  for (const workspace of workspaces) linkPackages(root, workspace);
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** Installed packages are shared; links to workspaces lead to those of the copy. */
function linkPackages(root: string, workspace: string): void {
  const from = join(REPOSITORY, workspace, "node_modules");
  if (!existsSync(from)) return;
  const to = join(root, workspace, "node_modules");
  mkdirSync(join(to, "@plinth"), { recursive: true });
  for (const name of readdirSync(from)) if (name !== "@plinth") symlinkSync(join(from, name), join(to, name));
  if (!existsSync(join(from, "@plinth"))) return;
  for (const name of readdirSync(join(from, "@plinth"))) {
    const target = resolve(from, "@plinth", readlinkSync(join(from, "@plinth", name)));
    symlinkSync(target.replace(REPOSITORY, root), join(to, "@plinth", name));
  }
}
