import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** The first process of the Postgres that runs in `<dataFolder>/postgres`. */
export async function postmasterPid(dataFolder: string): Promise<number> {
  const [pid] = (await readFile(join(dataFolder, "postgres/postmaster.pid"), "utf8")).split("\n");
  return Number(pid);
}
