/**
 * Installs the programs that some tests talk to, into the user's cache folder, by version, and prints the environment variables that those tests
 * read: `eval "$(node scripts/components.ts grpcurl)"`. What is there already is not installed again.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

interface GoComponent {
  readonly version: string;
  /** The package of its command, for `go install`. */
  readonly goPackage: string;
  readonly binary: string;
  readonly variable: string;
}

const COMPONENTS: Readonly<Record<string, GoComponent>> = {
  grpcurl: {
    version: "v1.9.3",
    goPackage: "github.com/fullstorydev/grpcurl/cmd/grpcurl",
    binary: "grpcurl",
    variable: "PLINTH_GRPCURL",
  },
};

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "plinth");

function install(name: string): string {
  const component = COMPONENTS[name];
  if (component === undefined) throw new Error(`There is no component ${name}. Known: ${Object.keys(COMPONENTS).join(", ")}.`);
  const folder = join(CACHE, name, component.version);
  const binary = join(folder, component.binary);
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    const built = spawnSync("go", ["install", `${component.goPackage}@${component.version}`], {
      env: { ...process.env, GOBIN: folder, GOFLAGS: "" },
      stdio: ["ignore", "inherit", "inherit"],
    });
    if (built.error) throw new Error(`${name} is built with Go, which is not there: ${built.error.message}. Install Go 1.24 or newer.`);
    if (built.status !== 0) throw new Error(`${name} ${component.version} could not be built.`);
  }
  return `export ${component.variable}='${binary}'`;
}

try {
  for (const name of process.argv.slice(2)) process.stdout.write(`${install(name)}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
