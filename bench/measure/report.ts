import { readFile, writeFile } from "node:fs/promises";
import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { RUNS, SECONDS } from "./options.ts";

const README = join(import.meta.dirname, "../README.md");

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** `12,345` */
export function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** `0.87`; ratios of thousands say nothing. */
export function ratio(value: number, base: number | undefined): string {
  return base === undefined ? "" : (value / base).toFixed(2);
}

export function milliseconds(value: number, digits = 2): string {
  return value.toFixed(digits);
}

const loadAtStart = loadavg()[0] ?? 0;

/** On what, when and how often was measured: a figure without it is none. */
function circumstances(timed: boolean, runs: number): string {
  const [cpu] = cpus();
  const machine = `${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`;
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, ${machine}; ${runs === 1 ? "one run" : `median of ${runs} runs`}${timed ? ` of ${SECONDS} s` : ""}; load average before the run ${loadAtStart.toFixed(1)}.`;
}

/**
 * Prints a benchmark's outcome; with `--write` it also takes the place of the last one in README.md, between its markers.
 * `timed`: a run is as long as it is told, not as long as it takes. `runs`: where it is not RUNS.
 */
export async function report(name: string, markdown: string, { timed = true, runs = RUNS } = {}): Promise<void> {
  const text = `${circumstances(timed, runs)}\n\n${markdown}`;
  process.stdout.write(`\n${text}\n`);
  if (!process.argv.includes("--write")) return;
  const readme = await readFile(README, "utf8");
  const [begin, end] = [`<!-- ${name}: written by npm run bench -- ${name} --write -->`, `<!-- ${name}: end -->`];
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`README.md has no place for ${name}: it needs the lines\n${begin}\n${end}`);
  await writeFile(README, `${readme.slice(0, from + begin.length)}\n${text}\n${readme.slice(to)}`);
}
