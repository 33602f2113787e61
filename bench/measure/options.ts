/** How often each contender is measured; the median counts. */
export const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
/** Length of one measurement. */
export const SECONDS = Number(process.env.BENCH_SECONDS ?? 4);
/** What is measured runs on one core, what loads it on another. */
export const SERVER_CORE = process.env.BENCH_SERVER_CORE ?? "0";
export const LOAD_CORE = process.env.BENCH_LOAD_CORE ?? "1";

/** The names given on the command line: only these contenders take part, all where none is named. */
export function isWanted(name: string): boolean {
  const names = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
  return names.length === 0 || names.includes(name);
}
