import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type LocalPlatform, ROOT, startLocalPlatform } from "../e2e/local-platform.ts";
import { RUNS } from "./measure/options.ts";
import { familyOf, residentMb, sharedMb } from "./measure/processes.ts";
import { report, table, whole } from "./measure/report.ts";
import { median } from "./measure/rounds.ts";

/**
 * How long `plinth up` takes until the platform is ready, on a new data folder and on one of before, how much memory it then holds, and how long it
 * takes to stop. `npm run bench -- startup [--write]`. All modules run in one process, on ports of their own.
 */
interface Sample {
  readonly readyMs: number;
  readonly stopMs: number;
  /** The process of the modules alone, resident. */
  readonly processMb: number;
  /** With Postgres, whose processes share most of their memory: what is shared counts once. */
  readonly allMb: number;
}

/** The options of Node that `npm start` has by the first line of the command. */
const [firstLine = ""] = (await readFile(join(ROOT, "cli/bin/plinth"), "utf8")).split("\n");
const env = { NODE_OPTIONS: firstLine.split(" node ")[1] ?? "" };

const first: Sample[] = [];
const warm: Sample[] = [];
for (let round = 1; round <= RUNS; round++) {
  process.stderr.write(`round ${round} of ${RUNS}\n`);
  const platform = await startLocalPlatform({ ports: "free", env });
  first.push(await measured(platform));
  const again = await startLocalPlatform({ ports: "free", dataFolder: platform.dataFolder, env });
  warm.push(await measured(again));
  await again.remove();
}

const rows = Object.entries({ "first start": first, "warm start": warm }).map(([name, samples]) => {
  const of = (pick: (sample: Sample) => number) => median(samples.map(pick));
  const range = `${seconds(Math.min(...samples.map((s) => s.readyMs)))} – ${seconds(Math.max(...samples.map((s) => s.readyMs)))}`;
  return [
    name,
    seconds(of((s) => s.readyMs)),
    range,
    whole(of((s) => s.processMb)),
    whole(of((s) => s.allMb)),
    seconds(of((s) => s.stopMs)),
  ];
});
await report("startup", table(["`plinth up`", "ready s", "range", "process MB", "with Postgres MB", "stop s"], rows), { timed: false });

async function measured(platform: LocalPlatform): Promise<Sample> {
  const pid = platform.process.pid ?? 0;
  const processMb = await residentMb(pid);
  const allMb = await sharedMb(await familyOf(pid));
  const stoppedAt = performance.now();
  const code = await platform.stop();
  const stopMs = performance.now() - stoppedAt;
  if (code !== 0) throw new Error(`The platform ended with code ${code}:\n${platform.output()}`);
  return { readyMs: platform.readyMs, stopMs, processMb, allMb };
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}
