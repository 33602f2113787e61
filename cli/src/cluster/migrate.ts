import { existsSync } from "node:fs";
import { join } from "node:path";
import { migrationStatus, moduleRoles } from "@plinth/kernel/database";
import type { Logger } from "@plinth/kernel/logging";
import { migrateModule, migrationSources } from "@plinth/kernel/service";
import { getUrl, type PodFolders } from "./pod-files.ts";
import { whenPostgresAnswers } from "./when-postgres-answers.ts";

/** What a module's status says of its migrations: its own, without those of the kernel. */
export interface MigrationResult {
  readonly applied: number;
  /** The id of the last one; absent where the module has none. */
  readonly last?: string;
}

/** Brings a module's schema up to date by the migrations of this image, as the schema's owner. Safe to repeat. */
export async function migrateInCluster(
  module: string,
  servicesFolder: string,
  folders: PodFolders,
  logger: Logger,
  schema: string = moduleRoles(module).schema,
): Promise<MigrationResult> {
  const ownerUrl = getUrl(folders.owner, `the schema of module ${module} is migrated by its owner`);
  const folder = join(servicesFolder, module);
  if (!existsSync(folder)) throw new Error(`This image holds no code of module ${module}: there is no ${folder}.`);
  const named = { metadata: { name: module } };
  const states = await whenPostgresAnswers(
    async () => {
      await migrateModule({ module: named, folder, ownerUrl, schema, logger });
      return migrationStatus({ url: ownerUrl, schema, sources: await migrationSources(named, folder) });
    },
    { logger },
  );
  const own = states.filter(({ source, appliedAt }) => source === module && appliedAt !== undefined);
  const last = own.at(-1)?.id;
  return { applied: own.length, ...(last !== undefined && { last }) };
}
