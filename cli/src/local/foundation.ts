import { mkdirSync } from "node:fs";
import type { ProvisionedModule } from "@plinth/kernel/database";
import { type Discovery, openFileDiscovery } from "@plinth/kernel/discovery";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@plinth/kernel/embedded";
import { ensureModuleKeys, openPublicKeys, type PublicKeys } from "@plinth/kernel/identity";
import type { Logger } from "@plinth/kernel/logging";

import type { Module } from "@plinth/module";
import type { Project } from "../project.ts";
import { provisionDatabases } from "./databases.ts";
import { localFolders } from "./local-place.ts";
import { ensureModuleSecrets } from "./module-secrets.ts";

/** What all modules of a laptop stand on, started once. */
export interface Foundation {
  readonly postgres: EmbeddedPostgres;
  readonly databases: Map<string, ProvisionedModule>;
  readonly discovery: Discovery;
  readonly publicKeys: PublicKeys;
  /** Roles, keys and secrets of modules that came later. */
  add(modules: readonly Module[]): Promise<Map<string, ProvisionedModule>>;
  stop(): Promise<void>;
}

/** Starts Postgres, makes roles, keys and secrets of `modules`. Whatever can be done side by side is. */
export async function startFoundation(
  project: Project,
  modules: readonly Module[],
  logger: Logger,
  onFatal: (error: unknown) => void,
): Promise<Foundation> {
  const folders = localFolders(project.dataFolder);
  for (const folder of [project.dataFolder, folders.config, folders.identity]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  ensureModuleSecrets(folders.secrets, modules);
  const [postgres, discovery] = await Promise.all([
    startEmbeddedPostgres({
      dataFolder: folders.postgres,
      log: (line) => logger.debug("postgres", { line }),
      onEnd: (reason) => logger.warn("Postgres ended unasked and is started again", { reason }),
      onLost(error) {
        logger.error("Postgres cannot be started again; the platform stops", { error });
        onFatal(error);
      },
    }),
    openFileDiscovery(folders.instances, logger),
    ...modules.map((module) => ensureModuleKeys(folders.identity, module.metadata.name)),
  ]);
  try {
    const [databases, publicKeys] = await Promise.all([
      provisionDatabases(postgres.adminUrl, modules, logger),
      openPublicKeys(folders.identity, logger),
    ]);
    return {
      postgres,
      databases,
      discovery,
      publicKeys,
      async add(newcomers) {
        if (newcomers.length === 0) return new Map();
        ensureModuleSecrets(folders.secrets, newcomers);
        await Promise.all(newcomers.map((module) => ensureModuleKeys(folders.identity, module.metadata.name)));
        const added = await provisionDatabases(postgres.adminUrl, newcomers, logger);
        for (const [module, database] of added) databases.set(module, database);
        return added;
      },
      async stop() {
        publicKeys.close();
        await discovery.close();
        await postgres.stop();
      },
    };
  } catch (error) {
    await discovery.close();
    await postgres.stop();
    throw error;
  }
}
