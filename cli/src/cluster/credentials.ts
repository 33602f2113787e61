import { moduleRoles, type ProvisionOptions } from "@plinth/kernel/database";
import { getUrl, type PodFolders } from "./pod-files.ts";

/** What a database URL logs in with. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** What the pod of a Job is told of a module's roles. */
export interface MountedRoles {
  readonly adminUrl: string;
  readonly service: Credentials;
  readonly owner: Credentials;
  readonly options: ProvisionOptions;
}

/** Reads the URLs that the operator mounts. Throws where one is missing, and where the roles are not those of the module. */
export function mountedRoles(module: string, folders: PodFolders): MountedRoles {
  const adminUrl = getUrl(folders.administrator, "roles and schema are the business of the administrator of Postgres");
  const service = credentialsOf(getUrl(folders.database, `module ${module} has a role on the database`));
  const owner = credentialsOf(getUrl(folders.owner, `module ${module} has a role that owns its schema`));
  return { adminUrl, service, owner, options: prefixOf(module, service.user, owner.user) };
}

function credentialsOf(text: string): Credentials {
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
