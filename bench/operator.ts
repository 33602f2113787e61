/**
 * Our operator beside one on controller-runtime that makes the same children, each with an API server of its own:
 * `npm run bench -- operator [rounds] [growth] [pressure] [graph] [plinth] [controller-runtime-lean] [controller-runtime-plain] [--write]`.
 * All of them are on the cores CORES (0,1), MODULES (1,000) of them a round.
 */
import { spawnSync } from "node:child_process";
import { report, table, whole } from "./measure/report.ts";
import { inRounds, median } from "./measure/rounds.ts";
import { CONTENDERS, type Contender } from "./operator/contender.ts";
import { measureGraph } from "./operator/graph.ts";
import { type Creation, measureCreation, measureRound, measureUnderPressure, type Round } from "./operator/round.ts";

const PARTS = ["rounds", "growth", "pressure", "graph"] as const;
const MODULES = Number(process.env.MODULES ?? 1_000);
const SIZES = (process.env.SIZES ?? "100,1000,5000").split(",").map(Number);
const QUEUED = Number(process.env.QUEUED ?? 10_000);
/** What the others are compared with. */
const PEER: Contender = "controller-runtime-lean";

if (process.env.PINNED === undefined) {
  const args = ["-c", process.env.CORES ?? "0,1", process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.exit(spawnSync("taskset", args, { stdio: "inherit", env: { ...process.env, PINNED: "1" } }).status ?? 1);
}

const named = <Name extends string>(all: readonly Name[]): Name[] => {
  const wanted = all.filter((name) => process.argv.includes(name));
  return wanted.length > 0 ? wanted : [...all];
};
const contenders = named(CONTENDERS);
const parts = named(PARTS);
const markdown: string[] = [];

if (parts.includes("rounds")) {
  const samples = await inRounds(new Map(contenders.map((contender) => [contender, () => measureRound(contender, MODULES)])));
  markdown.push(...roundTables(samples));
}
if (parts.includes("growth")) markdown.push(await growthTable());
if (parts.includes("pressure")) markdown.push(await pressureTable());
if (parts.includes("graph")) markdown.push(`Deciding over 2,000 modules with 10,000 dependencies: ${measureGraph().toFixed(1)} ms.`);
await report("operator", markdown.join("\n\n"), { timed: false });

function roundTables(samples: ReadonlyMap<string, readonly Round[]>): string[] {
  const of = (contender: string, pick: (round: Round) => number): number => median((samples.get(contender) ?? []).map(pick));
  const relative = (contender: string, pick: (round: Round) => number): string => {
    const base = of(PEER, pick);
    return Number.isNaN(base) ? "" : (of(contender, pick) / base).toFixed(2);
  };
  const names = [...samples.keys()];
  const created = (round: Round): number => round.creation.seconds;
  return [
    table(
      [`${whole(MODULES)} Modules created`, "s", "of lean", "range s", "writes a Module", "CPU s", "peak MB"],
      names.map((name) => {
        const all = (samples.get(name) ?? []).map(created);
        return [
          ...[
            name,
            of(name, created).toFixed(2),
            relative(name, created),
            `${Math.min(...all).toFixed(1)} – ${Math.max(...all).toFixed(1)}`,
          ],
          of(name, ({ creation }) => creation.writesPerModule).toFixed(2),
          of(name, ({ creation }) => creation.cpuSeconds).toFixed(1),
          whole(of(name, ({ creation }) => creation.peakMb)),
        ];
      }),
    ),
    table(
      [`restart beside ${whole(MODULES)} unchanged`, "s", "writes", "CPU s", "p99 of a look, ms", "peak MB"],
      names.map((name) => [
        name,
        of(name, ({ restart }) => restart.seconds).toFixed(2),
        whole(of(name, ({ restart }) => restart.writes)),
        of(name, ({ restart }) => restart.cpuSeconds).toFixed(2),
        of(name, ({ restart }) => restart.p99Ms).toFixed(1),
        whole(of(name, ({ restart }) => restart.peakMb)),
      ]),
    ),
    table(
      [`one among ${whole(MODULES)}`, "Deployment changed p50 ms", "p99 ms", "child back p50 ms", "p99 ms"],
      names.map((name) => [
        name,
        of(name, ({ change }) => change.p50Ms).toFixed(1),
        of(name, ({ change }) => change.p99Ms).toFixed(1),
        of(name, ({ repair }) => repair.p50Ms).toFixed(1),
        of(name, ({ repair }) => repair.p99Ms).toFixed(1),
      ]),
    ),
  ];
}

/** Once each: a size takes minutes, and what is looked for is the shape. */
async function growthTable(): Promise<string> {
  const rows: string[][] = [];
  for (const contender of contenders.filter((name) => name !== "controller-runtime-plain")) {
    for (const size of SIZES) {
      process.stderr.write(`growth: ${contender}, ${size}\n`);
      const found: Creation = await measureCreation(contender, size);
      const perThousand = (value: number): string => ((value / size) * 1_000).toFixed(2);
      rows.push([
        contender,
        whole(size),
        found.seconds.toFixed(1),
        perThousand(found.seconds),
        perThousand(found.cpuSeconds),
        whole(found.peakMb),
      ]);
    }
  }
  return table(["growth", "Modules", "created s", "s per 1,000", "CPU s per 1,000", "peak MB"], rows);
}

async function pressureTable(): Promise<string> {
  const rows: string[][] = [];
  for (const contender of contenders.filter((name) => name !== "controller-runtime-plain")) {
    process.stderr.write(`pressure: ${contender}\n`);
    const { queued, p50Ms, p95Ms, p99Ms } = await measureUnderPressure(contender, QUEUED);
    rows.push([contender, whole(queued), whole(p50Ms), whole(p95Ms), whole(p99Ms)]);
  }
  return table([`100 changes at a start beside ${whole(QUEUED)}`, "queued", "p50 ms", "p95 ms", "p99 ms"], rows);
}
