import { migrationStatus, moduleRoles } from "@plinth/kernel/database";
import { findRunningPostgres, startEmbeddedPostgres } from "@plinth/kernel/embedded";
import { createLogger } from "@plinth/kernel/logging";
import { migrationSources } from "@plinth/kernel/service";
import { databaseSchema, type Module } from "@plinth/module";
import { migrateDatabase, provisionDatabases } from "../local/databases.ts";
import { localFolders } from "../local/local-place.ts";
import { modulesWithDatabase } from "../local/module-databases.ts";
import { type ReadModules, readModules } from "../local/read-modules.ts";
import { withPostgres } from "../local/with-postgres.ts";
import { print, printList } from "../output/print-list.ts";
import { findProject } from "../project.ts";

interface MigrationRow {
  readonly module: string;
  readonly source: string;
  readonly id: string;
  readonly appliedAt?: Date;
}

/** Every migration and whether it was applied. */
export async function migrateStatus(module: string | undefined, options: { readonly json?: boolean }): Promise<void> {
  const project = findProject();
  const read = readModules(project);
  const modules = modulesWithDatabase(read, module);
  printList(
    await withPostgres(project, (adminUrl) => statusOf(read, modules, adminUrl)),
    [
      { title: "MODULE", value: (row) => row.module },
      { title: "FROM", value: ({ source }) => source },
      { title: "MIGRATION", value: ({ id }) => id },
      { title: "APPLIED", value: ({ appliedAt }) => appliedAt?.toISOString() ?? "pending" },
    ],
    { ...options, empty: "No module has a database." },
  );
}

/** Brings the schemas up to date. A platform that runs does so itself whenever it starts a module. */
export async function migrateUp(module: string | undefined): Promise<void> {
  const project = findProject();
  const read = readModules(project);
  const modules = modulesWithDatabase(read, module);
  const dataFolder = localFolders(project.dataFolder).postgres;
  const running = await findRunningPostgres(dataFolder);
  if (running !== undefined) {
    const pending = (await statusOf(read, modules, running)).filter(({ appliedAt }) => appliedAt === undefined);
    if (pending.length > 0) {
      const names = [...new Set(pending.map((row) => row.module))].join(", ");
      throw new Error(
        `The platform runs, and ${names} would be migrated under its feet. Restart it: it migrates before it starts a module.`,
      );
    }
    print("Everything is up to date.");
    return;
  }
  const logger = createLogger({ module: "plinth", version: "", level: "info", format: "readable", stream: process.stderr });
  const postgres = await startEmbeddedPostgres({ dataFolder });
  try {
    const databases = await provisionDatabases(postgres.adminUrl, modules, logger);
    for (const each of modules) {
      const { name } = each.metadata;
      await migrateDatabase(each, read.folderOf(each), databases.get(name), logger);
      print(`${name} is up to date.`);
    }
  } finally {
    await postgres.stop();
    await logger.close();
  }
}

async function statusOf({ folderOf }: ReadModules, modules: readonly Module[], adminUrl: string): Promise<MigrationRow[]> {
  const rows: MigrationRow[] = [];
  for (const module of modules) {
    const { name } = module.metadata;
    const sources = await migrationSources(module, folderOf(module));
    const states = await migrationStatus({ url: adminUrl, schema: databaseSchema(module) ?? moduleRoles(name).schema, sources });
    rows.push(...states.map((state) => ({ module: name, ...state })));
  }
  return rows;
}
