import { existsSync } from "node:fs";
import { findRunningPostgres, startEmbeddedPostgres } from "@plinth/kernel/embedded";
import { findConnectedPostgres } from "../cluster/connection-file.ts";
import type { Project } from "../project.ts";
import { localFolders } from "./local-place.ts";

/** The administrator's URL while `plinth up` or `plinth connect` runs in this project. Throws where neither does. */
export async function runningPostgres(project: Project): Promise<string> {
  const adminUrl = await findPostgres(project);
  if (adminUrl === undefined) throw new Error(`No platform runs in ${project.root}. Start it: plinth up`);
  return adminUrl;
}

/** Works on the project's Postgres: the one that runs, else one that is started for the moment. */
export async function withPostgres<T>(project: Project, work: (adminUrl: string) => Promise<T>): Promise<T> {
  const dataFolder = localFolders(project.dataFolder).postgres;
  const running = await findPostgres(project);
  if (running !== undefined) return work(running);
  if (!existsSync(dataFolder)) throw new Error(`No platform has run in ${project.root} yet, so there is no data. Start it: plinth up`);
  const postgres = await startEmbeddedPostgres({ dataFolder });
  try {
    return await work(postgres.adminUrl);
  } finally {
    await postgres.stop();
  }
}

async function findPostgres({ dataFolder }: Project): Promise<string | undefined> {
  return findConnectedPostgres(dataFolder) ?? (await findRunningPostgres(localFolders(dataFolder).postgres));
}
