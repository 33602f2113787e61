import { type ModuleToProvision, moduleRoles, type ProvisionOptions, provisionModule } from "@plinth/kernel/database";
import { provisionBus } from "@plinth/kernel/events";
import type { Logger } from "@plinth/kernel/logging";
import { getUrl, type PodFolders } from "./pod-files.ts";
import { whenPostgresAnswers } from "./when-postgres-answers.ts";

/**
 * Makes a module's schema and roles, and lets it use the bus, with the passwords that the operator chose: what is there already gets them too.
 * Safe to repeat.
 */
export async function provisionInCluster(module: string, folders: PodFolders, logger: Logger, schema?: string): Promise<void> {
  const adminUrl = getUrl(folders.administrator, "roles and schema are made as administrator of Postgres");
  const service = credentialsOf(getUrl(folders.database, `module ${module} needs its role on the database`));
  const owner = credentialsOf(getUrl(folders.owner, `module ${module} needs the role that owns its schema`));
  const options = prefixOf(module, service.user, owner.user);
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

function credentialsOf(text: string): { readonly user: string; readonly password: string } {
  // A URL that does not parse must not get into a message: it holds a password.
  if (!URL.canParse(text)) throw new Error("A database URL of the module is no URL.");
  const url = new URL(text);
  return { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
}

/** Platforms that share a server put something before the names of their roles. */
function prefixOf(module: string, service: string, owner: string): ProvisionOptions {
  const plain = moduleRoles(module).service;
  const rolePrefix = service.endsWith(plain) ? service.slice(0, -plain.length) : "";
  const expected = moduleRoles(module, rolePrefix);
  if (service !== expected.service || owner !== expected.owner) {
    throw new Error(
      `The database roles of module ${module} are ${expected.service} and ${expected.owner}; its Secrets name ${service} and ${owner}.`,
    );
  }
  return rolePrefix === "" ? {} : { rolePrefix };
}
