/** Writes the CRD of Module and the JSON Schema for editors from the one schema in module/. */
import { mkdir, writeFile } from "node:fs/promises";
import { buildCrd, buildJsonSchema } from "@plinth/module";
import { stringify } from "yaml";

const directory = new URL("../k8s/crds/", import.meta.url);
await mkdir(directory, { recursive: true });
const header = "# Generated from module/src/schema by scripts/generate-crd.ts: do not edit.\n";
await writeFile(
  new URL("plinth.dev_modules.yaml", directory),
  header + stringify(buildCrd(), { lineWidth: 0, aliasDuplicateObjects: false }),
);
await writeFile(new URL("module.schema.json", directory), `${JSON.stringify(buildJsonSchema(), null, 2)}\n`);
