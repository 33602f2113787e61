import { statfs } from "node:fs/promises";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import type { HealthCheck } from "./health.ts";

const SAMPLE_MS = 1000;

let delays: ReturnType<typeof monitorEventLoopDelay> | undefined;
let sampledAt = 0;
let sampledMs = 0;

/**
 * How late half of the event loop's turns came, since the last sample. One monitor serves all modules of a process, and they share
 * each sample, so that they all say the same.
 */
function medianDelayMs(): number {
  if (delays === undefined) {
    delays = monitorEventLoopDelay({ resolution: 20 });
    delays.enable();
    sampledAt = performance.now();
  }
  if (performance.now() - sampledAt >= SAMPLE_MS && delays.count > 0) {
    sampledMs = delays.percentile(50) / 1e6;
    sampledAt = performance.now();
    delays.reset();
  }
  return sampledMs;
}

/** Fails while half of all turns of the event loop come later than `maxMs`: the process has more to do than it can. */
export function eventLoopCheck({ maxMs = 250 }: { readonly maxMs?: number } = {}): HealthCheck {
  medianDelayMs();
  return {
    hard: false,
    check() {
      const medianMs = medianDelayMs();
      if (medianMs > maxMs) throw new Error(`the event loop is ${Math.round(medianMs)} ms late, more than ${maxMs} ms`);
    },
  };
}

/** Fails while the heap holds more than `maxRatio` of what V8 may use: the next step is a crash for want of memory. */
export function memoryCheck({ maxRatio = 0.92 }: { readonly maxRatio?: number } = {}): HealthCheck {
  return {
    hard: false,
    check() {
      const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
      if (used > limit * maxRatio) throw new Error(`the heap holds ${megabytes(used)} of ${megabytes(limit)} MB`);
    },
  };
}

/** Fails while the file system of `folder` has less than `minFreeBytes` left for us. Default 100 MB. */
export function diskCheck({
  folder,
  minFreeBytes = 100_000_000,
}: {
  readonly folder: string;
  readonly minFreeBytes?: number;
}): HealthCheck {
  return {
    hard: false,
    async check() {
      const { bavail, bsize } = await statfs(folder);
      const free = bavail * bsize;
      if (free < minFreeBytes) throw new Error(`${megabytes(free)} MB are free, fewer than ${megabytes(minFreeBytes)}`);
    },
  };
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}
