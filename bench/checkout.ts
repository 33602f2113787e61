/**
 * The whole way of a buyer through a shop, from the list of products to the paid order, in ours and in Vendure:
 * `npm run bench -- checkout [vendure] [plinth] [plinth-stripe] [--write]`. `SESSIONS` says how many buyers at once (1,8,32), `SECONDS_PER_RUN` how long (10 s).
 * With `KEEP=<folder>` the filled shops and what is measured stay there, and the table is made of all that was: so the rounds may be spread over several
 * calls, and a call with `RUNS=0` fills the shops and shows the table. All processes, buyers and Postgres among them, are on the cores `CORES` (0,1).
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plinth, plinthWithStripe } from "./checkout/plinth-shop.ts";
import { measureRound, type Round } from "./checkout/round.ts";
import type { Shop } from "./checkout/shop.ts";
import { makeCountingPostgres } from "./checkout/statements.ts";
import { checkoutTables } from "./checkout/tables.ts";
import { vendure } from "./checkout/vendure-shop.ts";
import { isWanted } from "./measure/options.ts";
import { report } from "./measure/report.ts";
import { inRounds } from "./measure/rounds.ts";

const SHOPS: Readonly<Record<string, Shop>> = { vendure, plinth, "plinth-stripe": plinthWithStripe };
const SESSIONS = (process.env.SESSIONS ?? "1,8,32").split(",").map(Number);
const SECONDS = Number(process.env.SECONDS_PER_RUN ?? 10);
const KEEP = process.env.KEEP;

if (process.env.PINNED === undefined) {
  const cores = process.env.CORES ?? "0,1";
  const args = ["-c", cores, process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const env = { ...process.env, PINNED: "1", SERVER_CORE: cores };
  process.exit(spawnSync("taskset", args, { stdio: "inherit", env }).status ?? 1);
}

const folder = KEEP ?? (await mkdtemp(join(tmpdir(), "plinth-bench-")));
await mkdir(folder, { recursive: true });
try {
  const contenders = new Map<string, () => Promise<Round>>();
  for (const [name, shop] of Object.entries(SHOPS)) {
    if (!isWanted(name)) continue;
    const seeded = join(folder, name);
    await fill(shop, seeded);
    contenders.set(shop.name, () => measureRound(shop, seeded, { sessions: SESSIONS, seconds: SECONDS }));
  }
  const samples = await withEarlier(await inRounds(contenders));
  await report("checkout", checkoutTables(samples, SECONDS), { timed: false });
} finally {
  if (KEEP === undefined) await rm(folder, { recursive: true, force: true });
}

/** Makes the shop's data, unless an earlier call has left them. */
async function fill(shop: Shop, seeded: string): Promise<void> {
  if (existsSync(seeded)) return;
  process.stderr.write(`filling the shop of ${shop.name}\n`);
  // Whole or not at all.
  const unfinished = `${seeded}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await makeCountingPostgres(unfinished);
  await shop.seed(unfinished);
  await rename(unfinished, seeded);
}

async function withEarlier(samples: ReadonlyMap<string, readonly Round[]>): Promise<ReadonlyMap<string, readonly Round[]>> {
  const file = join(folder, "rounds.json");
  const all = existsSync(file) ? (JSON.parse(await readFile(file, "utf8")) as Record<string, Round[]>) : {};
  for (const [name, rounds] of samples) if (rounds.length > 0) all[name] = [...(all[name] ?? []), ...rounds];
  await writeFile(file, JSON.stringify(all));
  return new Map(Object.entries(all));
}
