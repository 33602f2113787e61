import { openFileDiscovery } from "@plinth/kernel/discovery";
import { findRunningPostgres } from "@plinth/kernel/embedded";
import { ensureModuleKeys } from "@plinth/kernel/identity";
import { handleSignals } from "@plinth/kernel/lifecycle";
import { createLogger, type Logger, silentLogger } from "@plinth/kernel/logging";
import { formatProblem, type Module } from "@plinth/module";
import { migrateDatabase, needsDatabaseRole, provisionDatabases } from "../local/databases.ts";
import { healthOf } from "../local/health-of.ts";
import { joinPlatform } from "../local/joined-module.ts";
import { LOCAL_HOST, localFolders } from "../local/local-place.ts";
import { findModule } from "../local/module-databases.ts";
import { ensureModuleSecrets } from "../local/module-secrets.ts";
import { type ReadModules, readModules } from "../local/read-modules.ts";
import { print } from "../output/print-list.ts";
import { findProject, type Project } from "../project.ts";

/** Runs one module in this process until it is told to stop, as part of the platform that `plinth up` runs elsewhere. */
export async function run(name: string): Promise<void> {
  const project = findProject();
  const read = readModules(project);
  const module = startable(read, name);
  await refuseIfRunning(project, name);
  const folders = localFolders(project.dataFolder);
  ensureModuleSecrets(folders.secrets, [module]);
  await ensureModuleKeys(folders.identity, name);
  const logger = createLogger({ module: "plinth", version: "", level: "warn", format: "readable", stream: process.stderr });
  const databaseUrl = await databaseUrlOf(project, module, read.folderOf(module), logger);

  let fatal = (): void => process.exit(1);
  const { ports, stop } = await joinPlatform({ project, module: name, databaseUrl, logger, onFatal: () => fatal() });
  fatal = () => void stop().finally(() => process.exit(1));
  handleSignals(stop, { logger });
  const grpc = ports.grpc === undefined ? "" : `, gRPC on ${LOCAL_HOST}:${ports.grpc}`;
  print(`${name} ${module.spec.version} runs: http://${LOCAL_HOST}:${ports.http}/docs${grpc}. Ctrl-C ends it.`);
}

function startable({ all, modules, resolution }: ReadModules, name: string): Module {
  const module = modules.find(({ metadata }) => metadata.name === name);
  if (module !== undefined) return module;
  const told = [...resolution.rejected, ...resolution.waiting].find((group) => group.module === name)?.problems ?? [];
  if (told.length > 0) throw new Error(`Module ${name} cannot start:\n${told.map(formatProblem).join("\n")}`);
  return findModule(all, name);
}

/** Two of one module would take each other's ports, and a new password would lock the first one out of the database. */
async function refuseIfRunning({ dataFolder }: Project, name: string): Promise<void> {
  const discovery = await openFileDiscovery(localFolders(dataFolder).instances, silentLogger);
  try {
    for (const instance of discovery.instances(name)) {
      if ((await healthOf(instance)) === "gone") continue;
      throw new Error(
        `Module ${name} runs already, on port ${instance.httpPort}. Stop it, or start the platform without it: plinth up --only <the others>`,
      );
    }
  } finally {
    await discovery.close();
  }
}

/** The role that the environment names, else one made in the running platform's Postgres, with the schema up to date. */
async function databaseUrlOf(project: Project, module: Module, folder: string, logger: Logger): Promise<string | undefined> {
  const { name } = module.metadata;
  const variable = `${name.toUpperCase().replaceAll("-", "_")}_DATABASE_URL`;
  const given = process.env[variable];
  if (given !== undefined || !needsDatabaseRole(module)) return given;
  const adminUrl = await findRunningPostgres(localFolders(project.dataFolder).postgres);
  if (adminUrl === undefined) {
    throw new Error(`Module ${name} needs a database, and no platform runs in ${project.root}. Start it: plinth up; or give ${variable}.`);
  }
  const database = (await provisionDatabases(adminUrl, [module], logger)).get(name);
  await migrateDatabase(module, folder, database, logger);
  return database?.url;
}
