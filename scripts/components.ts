/**
 * Installs the programs that some tests and the local cluster need, into the user's cache folder, by version, and prints the environment
 * variables that name them: `eval "$(node scripts/components.ts grpcurl)"`. What is there already is not installed again.
 */
import { CATALOGUE } from "./components/catalogue.ts";
import { installComponent } from "./components/install.ts";

const names = process.argv.slice(2);
if (names.length === 0 || names.includes("--help")) {
  process.stderr.write(`Usage: node scripts/components.ts <name>…\nNames: ${Object.keys(CATALOGUE).join(", ")}\n`);
  process.exit(names.length === 0 ? 2 : 0);
}

try {
  for (const name of names) {
    for (const [variable, value] of Object.entries(await installComponent(name))) process.stdout.write(`export ${variable}='${value}'\n`);
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
