/**
 * Writes what of the chart follows from other files: the CRD from module/'s schema, the operator's rights from the table of kinds it works with,
 * values.schema.json and the README's table from values.yaml. Run it after a change to one of those; a test tells when it was forgotten.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chartFiles } from "./chart/chart-files.ts";

const chart = new URL("../charts/plinth/", import.meta.url);
const files = chartFiles({
  values: readFileSync(new URL("values.yaml", chart), "utf8"),
  readme: readFileSync(new URL("README.md", chart), "utf8"),
});
for (const [name, content] of files) writeFileSync(new URL(name, chart), content);
process.stdout.write(`${fileURLToPath(chart)}: ${[...files.keys()].join(", ")} are up to date.\n`);
