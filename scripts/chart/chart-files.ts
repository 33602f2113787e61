import { buildCrd, buildJsonSchema } from "@plinth/module";
import { stringify } from "yaml";
import { withValuesTable } from "./chart-readme.ts";
import { documentedValues } from "./documented-values.ts";
import { rbacFile } from "./rbac-rules.ts";
import { buildValuesSchema } from "./values-schema.ts";

/** Files of the chart that are written by hand, at least in part. */
export interface ChartSources {
  readonly values: string;
  readonly readme: string;
}

/** The generated files of the chart: path below charts/plinth → content. */
export function chartFiles({ values, readme }: ChartSources): ReadonlyMap<string, string> {
  const documented = documentedValues(values);
  const { properties } = buildJsonSchema() as unknown as { properties: { spec: ReturnType<typeof buildJsonSchema> } };
  return new Map([
    [
      "crds/plinth.dev_modules.yaml",
      `${generated("module/src/schema")}${stringify(buildCrd(), { lineWidth: 0, aliasDuplicateObjects: false })}`,
    ],
    ["files/rbac.yaml", rbacFile()],
    ["values.schema.json", `${JSON.stringify(buildValuesSchema(documented, properties.spec), null, 2)}\n`],
    ["README.md", withValuesTable(readme, documented)],
  ]);
}

function generated(from: string): string {
  return `# Generated from ${from} by scripts/generate-chart.ts: do not edit.\n`;
}
