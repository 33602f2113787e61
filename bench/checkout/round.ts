import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { familyOf, familySeconds, residentMb, sharedMb } from "../measure/processes.ts";
import { processorSeconds } from "../measure/processor-time.ts";
import { balanceOf } from "./balance.ts";
import { sell } from "./sessions.ts";
import type { RunningShop, Shop } from "./shop.ts";
import { takeCounts } from "./statements.ts";

/** Memory in MB. */
export interface Memory {
  readonly server: number;
  /** With all of Postgres, what its processes share counted once. */
  readonly withPostgres: number;
}

/** So many buyers at once. Times and statements of an order are those of the whole load, until its last effect, divided by all orders. */
export interface Level {
  readonly sessions: number;
  readonly ordersPerSecond: number;
  readonly payP50Ms: number;
  readonly payP95Ms: number;
  /** All orders that were answered. */
  readonly orders: number;
  /** What the visits that came to no order ended with. */
  readonly failures: readonly string[];
  readonly deadlocks: number;
  readonly serverMsPerOrder: number;
  readonly postgresMsPerOrder: number;
  readonly statementsPerOrder: number;
  /** By the role that sent them. */
  readonly statementsByRole: Readonly<Record<string, number>>;
  /** In the middle of the load. */
  readonly memory: Memory;
  /** From the last answer until nothing was under way any more. */
  readonly settledMs: number;
  /** Units by which the stock is off what was ordered. */
  readonly stockOff: number;
  /** Units ordered. */
  readonly units: number;
}

export interface Round {
  readonly readyMs: number;
  readonly idle: Memory;
  readonly levels: readonly Level[];
}

export interface RoundOptions {
  readonly sessions: readonly number[];
  /** Of one level. */
  readonly seconds: number;
}

const WARM_UP = { sessions: 8, seconds: 10 };
/** Between the start and the look at the memory of a shop that does nothing. */
const IDLE_MS = 3_000;

/** One start of a shop on a copy of its data, and one load after another. */
export async function measureRound(shop: Shop, seeded: string, { sessions, seconds }: RoundOptions): Promise<Round> {
  const dataFolder = await mkdtemp(join(tmpdir(), "plinth-bench-"));
  await cp(seeded, dataFolder, { recursive: true, preserveTimestamps: true });
  const running = await shop.start(dataFolder);
  try {
    await delay(IDLE_MS);
    const idle = await memoryOf(running);
    await sell(running, { ...WARM_UP, seed: 1 });
    await running.settle();
    const levels: Level[] = [];
    for (const count of sessions) levels.push(await measureLevel(running, count, seconds));
    return { readyMs: running.readyMs, idle, levels };
  } finally {
    await running.stop();
    await rm(dataFolder, { recursive: true, force: true });
  }
}

async function measureLevel(shop: RunningShop, sessions: number, seconds: number): Promise<Level> {
  const books = await shop.books();
  const before = await standOf(shop);
  let memory: Memory | undefined;
  const midway = async () => {
    memory = await memoryOf(shop);
  };
  const sold = await sell(shop, { sessions, seconds, seed: 1 + sessions, midway });
  const answeredAt = performance.now();
  await shop.settle();
  const settledMs = performance.now() - answeredAt;
  const after = await standOf(shop);

  const { stockOff } = balanceOf(books, await shop.books(), sold);
  const orders = sold.purchases.length;
  const pays = sold.counted.map(({ payMs }) => payMs).sort((a, b) => a - b);
  const at = (share: number) => pays[Math.floor((pays.length - 1) * share)] ?? Number.NaN;
  const byRole = [...after.statements].map(([role, calls]): [string, number] => [
    role,
    (calls - (before.statements.get(role) ?? 0)) / orders,
  ]);
  return {
    sessions,
    ordersPerSecond: sold.counted.length / seconds,
    payP50Ms: at(0.5),
    payP95Ms: at(0.95),
    orders,
    failures: sold.failures.map(({ message }) => message),
    deadlocks: after.deadlocks - before.deadlocks,
    serverMsPerOrder: ((after.serverSeconds - before.serverSeconds) * 1_000) / orders,
    postgresMsPerOrder: ((after.postgresSeconds - before.postgresSeconds) * 1_000) / orders,
    statementsPerOrder: byRole.reduce((sum, [, calls]) => sum + calls, 0),
    statementsByRole: Object.fromEntries(byRole.filter(([, calls]) => calls > 0)),
    memory: memory ?? { server: Number.NaN, withPostgres: Number.NaN },
    settledMs,
    stockOff,
    units: sold.purchases.reduce((sum, { units }) => sum + units, 0),
  };
}

async function standOf(shop: RunningShop) {
  const counts = await takeCounts(shop.adminUrl);
  return { ...counts, serverSeconds: await processorSeconds(shop.pid), postgresSeconds: await familySeconds(shop.postgresPid) };
}

async function memoryOf({ pid, postgresPid }: RunningShop): Promise<Memory> {
  const server = await residentMb(pid);
  return { server, withPostgres: server + (await sharedMb(await familyOf(postgresPid))) };
}
