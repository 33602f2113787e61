import { ALL_TENANTS } from "@plinth/kernel/database";
import { createJobs, type Jobs } from "@plinth/kernel/jobs";
import { silentLogger } from "@plinth/kernel/logging";
import { inModuleDatabases, type ModuleDatabase } from "../local/module-databases.ts";
import { print, printList } from "../output/print-list.ts";
import { UsageError } from "../usage-error.ts";

/** More than anybody reads; those beyond are told of after these were dealt with. */
const MOST = 1_000;

interface Chosen {
  readonly all?: boolean;
}

/** How much work each module has before it. */
export async function countJobs(module: string | undefined, options: { readonly json?: boolean }): Promise<void> {
  const counts = await inModuleDatabases(module, async (opened) => [
    { module: opened.module, ...(await inQueue(opened, (jobs, tx) => jobs.counts(tx))) },
  ]);
  printList(
    counts,
    [
      { title: "MODULE", value: (row) => row.module },
      { title: "WAITING", value: ({ waiting }) => waiting },
      { title: "RUNNING", value: ({ running }) => running },
      { title: "FAILED", value: ({ failed }) => failed },
    ],
    { ...options, empty: "No module has jobs." },
  );
}

/** Jobs that have used up their tries, newest first. */
export async function listFailedJobs(module: string | undefined, options: { readonly json?: boolean }): Promise<void> {
  const failed = await inModuleDatabases(module, async (opened) =>
    (await inQueue(opened, (jobs, tx) => jobs.listFailed(tx, MOST))).map((job) => ({ module: opened.module, ...job })),
  );
  printList(
    failed,
    [
      { title: "MODULE", value: (job) => job.module },
      { title: "ID", value: ({ id }) => id },
      { title: "JOB", value: ({ name }) => name },
      { title: "TENANT", value: ({ tenantId }) => tenantId },
      { title: "LAST TRIED", value: ({ lastTriedAt }) => lastTriedAt.toISOString() },
      { title: "TRIES", value: ({ attempts }) => attempts },
      { title: "LAST ERROR", value: ({ lastError }) => lastError.split("\n")[0] },
    ],
    { ...options, empty: "No job has failed for good." },
  );
}

/** Gives failed jobs all their tries again. */
export async function replayFailedJobs(module: string, ids: readonly string[], options: Chosen): Promise<void> {
  print(`${await eachFailed(module, ids, options, "replayFailed")} to be tried again by ${module}.`);
}

/** Removes failed jobs for good. */
export async function discardFailedJobs(module: string, ids: readonly string[], options: Chosen): Promise<void> {
  print(`${await eachFailed(module, ids, options, "deleteFailed")} discarded.`);
}

async function eachFailed(
  module: string,
  ids: readonly string[],
  { all }: Chosen,
  change: "replayFailed" | "deleteFailed",
): Promise<number> {
  if ((ids.length === 0) === (all !== true))
    throw new UsageError(`Name jobs by id, or take --all of module ${module}. See them: plinth jobs failed ${module}`);
  const [count = 0] = await inModuleDatabases(module, async (opened) => [
    await inQueue(opened, async (jobs, tx) => {
      const known = (await jobs.listFailed(tx, MOST)).map(({ id }) => id);
      const unknown = ids.find((id) => !known.includes(id));
      if (unknown !== undefined) throw new Error(`Module ${module} has no failed job ${unknown}. See them: plinth jobs failed ${module}`);
      return jobs[change](tx, all ? known : ids);
    }),
  ]);
  return count;
}

function inQueue<T>(
  { module, schema, url, database }: ModuleDatabase,
  work: (jobs: Jobs, tx: Parameters<Jobs["counts"]>[0]) => Promise<T>,
): Promise<T> {
  // Never started: nothing is worked on here.
  const jobs = createJobs({ module, url, schema, logger: silentLogger });
  return database.transaction((tx) => work(jobs, tx), { tenantId: ALL_TENANTS });
}
