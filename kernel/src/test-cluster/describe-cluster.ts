import { findClusterPrograms, HOW_TO_GET } from "./programs.ts";

type Describe = ((name: string, suite: () => void) => void) & { skip(name: string, suite: () => void): void };

/** A suite against a real API server. Where there is none it is skipped, and says how to get it; a build machine must have it. */
export function describeCluster(name: string, suite: () => void): void {
  // Not by import: benchmarks start clusters too, and outside Jest its package only throws.
  const { describe } = globalThis as unknown as { describe: Describe };
  const there = findClusterPrograms() !== undefined;
  if (!there) process.stderr.write(`"${name}" needs etcd and kube-apiserver: ${HOW_TO_GET}\n`);
  if (there || process.env.CI === "true") describe(name, suite);
  else describe.skip(name, suite);
}
