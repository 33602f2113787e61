/** How often each contender is measured; the median counts. `RUNS=1 SECONDS_PER_RUN=1` tries a benchmark out. */
export const RUNS = Number(process.env.RUNS ?? 5);
/** Length of one measurement. */
export const SECONDS = Number(process.env.SECONDS_PER_RUN ?? 4);
/** What is measured runs on one core, what loads it on another. */
export const SERVER_CORE = process.env.SERVER_CORE ?? "0";
export const LOAD_CORE = process.env.LOAD_CORE ?? "1";

/** The names given on the command line: only these contenders take part, all where none is named. */
export function isWanted(name: string): boolean {
  const names = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
  return names.length === 0 || names.includes(name);
}
