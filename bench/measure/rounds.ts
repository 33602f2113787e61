import { RUNS } from "./options.ts";

/**
 * Measures all contenders in turn, and that several times over: what else the machine does at some moment meets all of them alike.
 * Answers each one's samples.
 */
export async function inRounds<Sample>(contenders: ReadonlyMap<string, () => Promise<Sample>>): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>([...contenders.keys()].map((name) => [name, []]));
  for (let round = 1; round <= RUNS; round++) {
    for (const [name, measure] of contenders) {
      process.stderr.write(`round ${round} of ${RUNS}: ${name}\n`);
      samples.get(name)?.push(await measure());
    }
  }
  return samples;
}

/** The middle one; of an even number the lower of the two in the middle. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[(values.length - 1) >> 1] ?? Number.NaN;
}
