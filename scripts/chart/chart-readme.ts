import type { DocumentedValue } from "./documented-values.ts";

/** The table of values between the chart's introduction and its notes. */
export function buildValuesTable(values: readonly DocumentedValue[]): string {
  const lines = ["| Value | Default | What it is |", "| --- | --- | --- |"];
  for (const { path, default: fallback, description } of values)
    lines.push(`| \`${path.join(".")}\` | \`${cell(JSON.stringify(fallback))}\` | ${cell(description)} |`);
  return lines.join("\n");
}

const BEGIN = "<!-- values: generated from values.yaml by scripts/generate-chart.ts -->";
const END = "<!-- end of values -->";

/** The README with its table of values made anew; the text around it is written by hand. */
export function withValuesTable(readme: string, values: readonly DocumentedValue[]): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`charts/plinth/README.md lacks the lines "${BEGIN}" and "${END}".`);
  return `${readme.slice(0, begin)}${BEGIN}\n${buildValuesTable(values)}\n${readme.slice(end)}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "\\<");
}
