import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isRunning, ownMark, type ProcessMark } from "@plinth/kernel/base";

/** What `plinth connect` leaves for other commands while it runs. */
interface ConnectionRecord {
  readonly process: ProcessMark;
  /** The cluster's Postgres as its administrator, through the forwarded port. */
  readonly adminUrl: string;
}

const fileIn = (dataFolder: string): string => join(dataFolder, "cluster.json");

/** Notes the connection of this process; readable for its owner alone, since the URL holds a password. */
export function noteConnection(dataFolder: string, adminUrl: string): void {
  const record: ConnectionRecord = { process: ownMark(), adminUrl };
  writeFileSync(fileIn(dataFolder), JSON.stringify(record), { mode: 0o600 });
}

export function forgetConnection(dataFolder: string): void {
  rmSync(fileIn(dataFolder), { force: true });
}

/** The administrator's URL of the cluster that `plinth connect` is connected to; undefined where none runs. */
export function findConnectedPostgres(dataFolder: string): string | undefined {
  const file = fileIn(dataFolder);
  if (!existsSync(file)) return undefined;
  const record = JSON.parse(readFileSync(file, "utf8")) as ConnectionRecord;
  return isRunning(record.process) ? record.adminUrl : undefined;
}
