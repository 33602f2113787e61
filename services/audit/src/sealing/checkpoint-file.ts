import { appendFile, mkdir, open } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Logger } from "@plinth/kernel/logging";
import { checkpointLine } from "../domain/checkpoint.ts";
import type { Publish } from "../domain/sealing.ts";
import { readWitnesses, type Witnesses } from "../domain/witnesses.ts";

const FILE = "checkpoints.ndjson";

/** The file in a configured folder; a relative one is below the platform's data folder. */
export function checkpointFileIn(folder: string): string {
  return join(resolve(process.env.PLINTH_DATA ?? ".plinth", folder), FILE);
}

/** Appends each checkpoint to the file. Where that fails the tree goes on, and the log says so: the record must not stop for its second witness. */
export function publishToFile(file: string, logger: Logger): Publish {
  let made = false;
  return async (checkpoint) => {
    try {
      if (!made) await mkdir(join(file, ".."), { recursive: true });
      made = true;
      await appendFile(file, checkpointLine(checkpoint), { flush: true, mode: 0o600 });
    } catch (error) {
      made = false;
      logger.error("A checkpoint could not be written to its file", { file, tenant: checkpoint.tenantId, size: checkpoint.size, error });
    }
  };
}

/** Undefined where there is no such file. */
export async function readCheckpointFile(file: string): Promise<Witnesses | undefined> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (handle === undefined) return undefined;
  try {
    return await readWitnesses(handle.readLines());
  } finally {
    await handle.close();
  }
}
