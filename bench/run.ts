import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** `npm run bench -- <name> [arguments]` runs `bench/<name>.ts`. */
const [name = "", ...rest] = process.argv.slice(2);
const script = join(import.meta.dirname, `${name}.ts`);
if (!/^[a-z-]+$/.test(name) || name === "run" || !existsSync(script)) {
  const known = readdirSync(import.meta.dirname).filter((file) => file.endsWith(".ts") && file !== "run.ts");
  process.stderr.write(`Which benchmark? One of: ${known.map((file) => file.slice(0, -".ts".length)).join(", ")}\n`);
  process.exit(2);
}
process.exit(spawnSync(process.execPath, [script, ...rest], { stdio: "inherit" }).status ?? 1);
