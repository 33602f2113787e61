import { type ModuleToProvision, provisionModule } from "@plinth/kernel/database";
import { provisionBus } from "@plinth/kernel/events";
import type { Logger } from "@plinth/kernel/logging";
import { mountedRoles } from "./credentials.ts";
import type { PodFolders } from "./pod-files.ts";
import { whenPostgresAnswers } from "./when-postgres-answers.ts";

/**
 * Makes a module's schema and roles, and lets it use the bus, with the passwords that the operator chose: what is there already gets them too.
 * Safe to repeat.
 */
export async function provisionInCluster(module: string, folders: PodFolders, logger: Logger, schema?: string): Promise<void> {
  const { adminUrl, service, owner, options } = mountedRoles(module, folders);
  const named = schema === undefined ? {} : { schema };
  const wanted: ModuleToProvision = { module, ...named, servicePassword: service.password, ownerPassword: owner.password };
  await whenPostgresAnswers(
    async () => {
      await provisionModule(adminUrl, wanted, options);
      await provisionBus(adminUrl, { ...options, members: [service.user], logger });
    },
    { logger },
  );
  logger.info("schema and roles are there", { role: service.user });
}
