import { setTimeout as sleep } from "node:timers/promises";
import { processorSeconds } from "../measure/processor-time.ts";
import { peakMemory } from "../measure/server-process.ts";
import { type Contender, type Operator, startOperator, untilIdle } from "./contender.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { playDeployments } from "./deployment-player.ts";
import { changeLatencies, type Latencies, pacedChangeLatencies, repairLatencies, summarise } from "./latencies.ts";
import { createModules, followRunning, type RunningModules } from "./module-set.ts";
import { quantileOf, samplesOf, sumOf } from "./prometheus.ts";
import { writesSoFar } from "./writes.ts";

/** From the first creation until all children are there and all Modules run. */
export interface Creation {
  readonly seconds: number;
  readonly writesPerModule: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
}

/** A start beside Modules that are as they should be. */
export interface Restart {
  /** From the start of the process until it has looked at all of them and nothing waits. */
  readonly seconds: number;
  readonly writes: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
  /** Of one look. */
  readonly p99Ms: number;
}

export interface Round {
  readonly creation: Creation;
  readonly restart: Restart;
  readonly change: Latencies;
  readonly repair: Latencies;
}

/** How often a change is made and a child deleted. */
const SAMPLES = Number(process.env.SAMPLES ?? 100);
/** Changes while the queue is long. */
const PRESSED = 100;
const BETWEEN_CHANGES_MS = 10;
const SETTLED_MS = 1000;

/** One operator with an API server of its own, through everything. */
export function measureRound(contender: Contender, modules: number): Promise<Round> {
  return withPlane(async (plane, running) => {
    const operator = await startReady(contender, plane);
    try {
      const creation = await create(plane, operator, running, modules);
      const change = summarise(await changeLatencies(plane, modules, SAMPLES, "changed"));
      const repair = summarise(await repairLatencies(plane, modules, SAMPLES));
      await settled(plane);
      await operator.stop();
      return { creation, change, repair, restart: await restart(contender, plane, modules) };
    } finally {
      await operator.stop();
    }
  });
}

export interface Growth {
  /** One for each size, of the Modules that came on top of those that were there. */
  readonly steps: readonly (Creation & { readonly from: number; readonly to: number })[];
  /** Users' changes that come while the operator has just started and looks at all of them. */
  readonly pressed: Latencies & { readonly queued: number };
}

/** One operator and more and more Modules, up to the last size; then a start beside all of them, with changes at once. */
export function measureGrowth(contender: Contender, sizes: readonly number[]): Promise<Growth> {
  return withPlane(async (plane, running) => {
    const steps: Growth["steps"][number][] = [];
    const modules = sizes.at(-1) ?? 0;
    const first = await startReady(contender, plane);
    try {
      for (const [index, to] of sizes.entries()) {
        const from = sizes[index - 1] ?? 0;
        process.stderr.write(`growth: ${contender}, from ${from} to ${to}\n`);
        steps.push({ from, to, ...(await create(plane, first, running, to, from)) });
      }
    } finally {
      await first.stop();
    }
    const operator = await startOperator(contender, plane);
    try {
      const queued = await untilQueued(operator, modules);
      const latencies = await pacedChangeLatencies(plane, modules, PRESSED, BETWEEN_CHANGES_MS);
      return { steps, pressed: { ...summarise(latencies), queued } };
    } finally {
      await operator.stop();
    }
  });
}

/** After a time in which nobody changed anything. */
export interface Quiet {
  readonly minutes: number;
  /** Of the operator, in that time. */
  readonly writes: number;
  readonly cpuSeconds: number;
  readonly change: Latencies;
  readonly repair: Latencies;
}

/** All contenders are quiet at the same time, and measured one after the other. */
export async function measureQuiet(contenders: readonly Contender[], modules: number, minutes: number): Promise<Map<string, Quiet>> {
  const found = new Map<string, Quiet>();
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = turn.then(work, work);
    turn = next;
    return next;
  };
  const one = (contender: Contender): Promise<void> =>
    withPlane(async (plane, running) => {
      const operator = await inTurn(async () => {
        const started = await startReady(contender, plane);
        await create(plane, started, running, modules);
        return started;
      });
      try {
        const [writesBefore, cpuBefore] = [await writesSoFar(plane), await processorSeconds(operator.pid)];
        process.stderr.write(`quiet from here on: ${contender}\n`);
        await sleep(minutes * 60_000);
        const writes = (await writesSoFar(plane)) - writesBefore;
        const cpuSeconds = (await processorSeconds(operator.pid)) - cpuBefore;
        await inTurn(async () => {
          const change = summarise(await changeLatencies(plane, modules, SAMPLES, "changed"));
          const repair = summarise(await repairLatencies(plane, modules, SAMPLES));
          found.set(contender, { minutes, writes, cpuSeconds, change, repair });
        });
      } finally {
        await operator.stop();
      }
    });
  await Promise.all(contenders.map(one));
  return found;
}

/** Resolves when half of them wait, or more than that were looked at already; answers how many wait. */
async function untilQueued(operator: Operator, modules: number): Promise<number> {
  for (;;) {
    const text = await operator.metrics();
    const depth = sumOf(samplesOf(text, "workqueue_depth"));
    if (depth >= modules / 2 || sumOf(samplesOf(text, "controller_runtime_reconcile_total")) >= modules / 2) return depth;
  }
}

async function withPlane<T>(work: (plane: ControlPlane, running: RunningModules) => Promise<T>): Promise<T> {
  const plane = await startControlPlane();
  const stopping = new AbortController();
  try {
    playDeployments(plane.client, stopping.signal);
    return await work(plane, followRunning(plane.client, stopping.signal));
  } finally {
    stopping.abort(new Error("The round is over."));
    await plane.stop();
  }
}

async function startReady(contender: Contender, plane: ControlPlane): Promise<Operator> {
  const operator = await startOperator(contender, plane);
  while (sumOf(samplesOf(await operator.metrics(), "controller_runtime_max_concurrent_reconciles")) === 0) await sleep(20);
  await untilIdle(operator, 0);
  return operator;
}

async function create(plane: ControlPlane, operator: Operator, running: RunningModules, modules: number, from = 0): Promise<Creation> {
  const [writesBefore, cpuBefore] = [await writesSoFar(plane), await processorSeconds(operator.pid)];
  const begunAt = performance.now();
  await Promise.all([createModules(plane.client, from, modules), running.until(modules)]);
  const seconds = (performance.now() - begunAt) / 1000;
  await settled(plane);
  const writes = (await writesSoFar(plane)) - writesBefore - (modules - from);
  return {
    seconds,
    writesPerModule: writes / (modules - from),
    cpuSeconds: (await processorSeconds(operator.pid)) - cpuBefore,
    peakMb: await peakMemory(operator.pid),
  };
}

async function restart(contender: Contender, plane: ControlPlane, modules: number): Promise<Restart> {
  const writesBefore = await writesSoFar(plane);
  const begunAt = performance.now();
  const operator = await startOperator(contender, plane);
  try {
    const text = await untilIdle(operator, modules);
    const seconds = (performance.now() - begunAt) / 1000;
    const cpuSeconds = await processorSeconds(operator.pid);
    await settled(plane);
    return {
      seconds,
      cpuSeconds,
      writes: (await writesSoFar(plane)) - writesBefore,
      peakMb: await peakMemory(operator.pid),
      p99Ms: quantileOf(text, "controller_runtime_reconcile_time_seconds", 0.99) * 1000,
    };
  } finally {
    await operator.stop();
  }
}

/** Resolves when nobody has written for a while. */
async function settled(plane: ControlPlane): Promise<void> {
  for (let before = -1, now = await writesSoFar(plane); before !== now; now = await writesSoFar(plane)) {
    before = now;
    await sleep(SETTLED_MS);
  }
}
