/** Writes docs/reference/module.md from the schema of Module. */
import { mkdir, writeFile } from "node:fs/promises";
import { moduleReference } from "../operator/src/reference/module-reference.ts";

const file = new URL("../docs/reference/module.md", import.meta.url);
await mkdir(new URL(".", file), { recursive: true });
await writeFile(file, moduleReference());
