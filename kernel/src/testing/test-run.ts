import { randomUUID } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Environment variables by which Jest's global setup tells test files what a run has once. */

/** The port to ask for the run's Postgres. */
export const TEST_POSTGRES_PORT = "PLINTH_TEST_POSTGRES_PORT";
/** A folder that all test files of the run share, and that is removed at its end. */
export const TEST_RUN_FOLDER = "PLINTH_TEST_RUN_FOLDER";

/** What `make` answered whoever asked first in this run; it must survive JSON. Outside of Jest nobody shares anything. */
export async function onceInRun<T>(name: string, make: () => Promise<T>): Promise<T> {
  const folder = process.env[TEST_RUN_FOLDER];
  if (folder === undefined) return make();
  const file = join(folder, `${name}.json`);
  const kept = await readFile(file, "utf8").catch(() => undefined);
  if (kept !== undefined) return JSON.parse(kept) as T;
  const made = await make();
  const unfinished = `${file}.${randomUUID()}`;
  await writeFile(unfinished, JSON.stringify(made));
  await rename(unfinished, file);
  return made;
}
