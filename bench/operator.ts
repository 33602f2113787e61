/**
 * Our operator beside one on controller-runtime that makes the same children, each with an API server of its own:
 * `npm run bench -- operator [rounds] [growth] [quiet] [graph] [plinth] [controller-runtime-lean] [controller-runtime-plain] [--write]`.
 * All of them are on the cores CORES (0,1), MODULES (1,000) of them a round.
 */
import { spawnSync } from "node:child_process";
import { report, table, whole } from "./measure/report.ts";
import { inRounds, median } from "./measure/rounds.ts";
import { CONTENDERS, type Contender } from "./operator/contender.ts";
import { measureGraph } from "./operator/graph.ts";
import { measureGrowth, measureQuiet, measureRound, type Round } from "./operator/round.ts";

const PARTS = ["rounds", "growth", "quiet", "graph"] as const;
const MODULES = Number(process.env.MODULES ?? 1_000);
const SIZES = (process.env.SIZES ?? "100,1000,5000,10000").split(",").map(Number);
const QUIET_MINUTES = Number(process.env.QUIET_MINUTES ?? 30);
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
if (parts.includes("rounds")) {
  const samples = await inRounds(new Map(contenders.map((contender) => [contender, () => measureRound(contender, MODULES)])));
  await tell("rounds", roundTables(samples).join("\n\n"));
}
if (parts.includes("growth")) await tell("growth", (await growthTables()).join("\n\n"), 1);
if (parts.includes("quiet")) await tell("quiet", await quietTable(), 1);
if (parts.includes("graph"))
  await tell("graph", `Deciding over 2,000 modules with 10,000 dependencies: ${measureGraph().toFixed(1)} ms.`, 1);

/** Each part has a place of its own, since together they take hours. */
function tell(part: (typeof PARTS)[number], markdown: string, runs?: number): Promise<void> {
  return report(`operator ${part}`, markdown, { timed: false, ...(runs !== undefined && { runs }) });
}

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

/** Once each: it takes many minutes, and what is looked for is the shape. */
async function growthTables(): Promise<string[]> {
  const steps: string[][] = [];
  const pressed: string[][] = [];
  for (const contender of contenders.filter((name) => name !== "controller-runtime-plain")) {
    const found = await measureGrowth(contender, SIZES);
    for (const { from, to, seconds, cpuSeconds, writesPerModule, peakMb } of found.steps) {
      const perThousand = (value: number): string => ((value / (to - from)) * 1_000).toFixed(2);
      steps.push([
        contender,
        `${whole(from)} – ${whole(to)}`,
        perThousand(seconds),
        perThousand(cpuSeconds),
        writesPerModule.toFixed(2),
        whole(peakMb),
      ]);
    }
    const { queued, p50Ms, p95Ms, p99Ms } = found.pressed;
    pressed.push([contender, whole(queued), whole(p50Ms), whole(p95Ms), whole(p99Ms)]);
  }
  return [
    table(["growth", "Modules", "s per 1,000", "CPU s per 1,000", "writes a Module", "peak MB"], steps),
    table([`100 changes at a start beside ${whole(SIZES.at(-1) ?? 0)}`, "queued", "p50 ms", "p95 ms", "p99 ms"], pressed),
  ];
}

async function quietTable(): Promise<string> {
  const wanted = contenders.filter((name) => name !== "controller-runtime-plain");
  const found = await measureQuiet(wanted, MODULES, QUIET_MINUTES);
  return table(
    [
      `${whole(MODULES)} after ${QUIET_MINUTES} quiet minutes`,
      ...["writes in them", "CPU s in them", "Deployment changed p50 ms", "p99 ms", "child back p50 ms", "p99 ms"],
    ],
    [...found].map(([name, { writes, cpuSeconds, change, repair }]) => [
      ...[name, whole(writes), cpuSeconds.toFixed(1)],
      ...[change.p50Ms, change.p99Ms, repair.p50Ms, repair.p99Ms].map((value) => value.toFixed(1)),
    ]),
  );
}
