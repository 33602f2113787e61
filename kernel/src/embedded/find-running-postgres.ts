import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join, resolve } from "node:path";
import { isAlive } from "../base/process-mark.ts";
import { findOwner } from "./claim-folder.ts";
import { adminUrlOf, readServerRecord } from "./data-folder.ts";

/** The local server is there at once or not at all. */
const PATIENCE_MS = 1_000;

/** The administrator's URL of the server that another process runs on `dataFolder`; undefined where none runs. */
export async function findRunningPostgres(dataFolder: string): Promise<string | undefined> {
  const folder = resolve(dataFolder);
  const record = readServerRecord(folder);
  const lockFile = join(folder, "postmaster.pid");
  if (record?.port === undefined || findOwner(folder) === undefined || !existsSync(lockFile)) return undefined;
  if (!isAlive(Number(readFileSync(lockFile, "utf8").split("\n")[0])) || !(await answers(record.port))) return undefined;
  return adminUrlOf(record.password, record.port);
}

function answers(port: number): Promise<boolean> {
  return new Promise((accept) => {
    const socket = connect({ port, host: "127.0.0.1", timeout: PATIENCE_MS });
    const end = (answer: boolean): void => {
      socket.destroy();
      accept(answer);
    };
    socket
      .once("connect", () => end(true))
      .once("timeout", () => end(false))
      .once("error", () => end(false));
  });
}
