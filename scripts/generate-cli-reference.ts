/** Writes docs/reference/cli.md from the command's own help. */
import { mkdir, writeFile } from "node:fs/promises";
import { commandReference } from "../cli/src/output/reference.ts";
import { buildProgram } from "../cli/src/program.ts";

const file = new URL("../docs/reference/cli.md", import.meta.url);
await mkdir(new URL(".", file), { recursive: true });
await writeFile(file, commandReference(buildProgram()));
