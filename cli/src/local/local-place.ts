import { join } from "node:path";
import type { Discovery } from "@plinth/kernel/discovery";
import { createPostgresBus } from "@plinth/kernel/events";
import { createKeyIdentity, ensureModuleKeys, type PublicKeys, readSigningKey } from "@plinth/kernel/identity";
import type { Logger } from "@plinth/kernel/logging";
import type { ModuleSet } from "@plinth/kernel/modules";
import type { Place } from "@plinth/kernel/service";
import { topics } from "@plinth/module";

export interface LocalPlaceOptions {
  /** `.plinth`. */
  readonly dataFolder: string;
  readonly modules: ModuleSet;
  readonly discovery: Discovery;
  readonly publicKeys: PublicKeys;
  /** By module, in its service role. */
  readonly databaseUrls: ReadonlyMap<string, string>;
  readonly logger: Logger;
  readonly onFatal: (error: unknown) => void;
  readonly logFormat?: "json" | "readable";
}

export const LOCAL_HOST = "127.0.0.1";

/** Folders below `.plinth/`. */
export function localFolders(dataFolder: string) {
  return {
    postgres: join(dataFolder, "postgres"),
    identity: join(dataFolder, "identity"),
    secrets: join(dataFolder, "secrets"),
    /** `<module>.yaml` here overrides a module's configuration while it runs. */
    config: join(dataFolder, "config"),
    instances: join(dataFolder, "instances"),
  };
}

/** A laptop: everything on the loopback address, module files, keys in a folder, the bus in Postgres. */
export function createLocalPlace(options: LocalPlaceOptions): Place {
  const { dataFolder, modules, discovery, publicKeys, databaseUrls, logger } = options;
  const folders = localFolders(dataFolder);
  // What modules keep in files of their own lies beside the rest, wherever the command was called.
  process.env.PLINTH_DATA = dataFolder;
  return {
    environment: "development",
    host: LOCAL_HOST,
    advertisedHost: LOCAL_HOST,
    modules,
    discovery,
    async identityOf({ metadata: { name } }) {
      await ensureModuleKeys(folders.identity, name);
      await publicKeys.refresh();
      return createKeyIdentity({ module: name, signingKey: () => readSigningKey(folders.identity, name), publicKeys });
    },
    databaseUrl: (module) => (module.spec.database === undefined ? undefined : databaseUrls.get(module.metadata.name)),
    async busFor({ metadata: { name } }) {
      const url = databaseUrls.get(name);
      if (url === undefined) throw new Error(`Module ${name} has no role on the bus.`);
      return createPostgresBus({ url, name, topics: [...topics(modules.current.modules)], sharesDatabase: true, logger });
    },
    overlayFolder: folders.config,
    secretsFolder: folders.secrets,
    env: process.env,
    userTokens: { module: "auth", issuer: "plinth", audience: "plinth-api" },
    ...(options.logFormat === undefined ? {} : { logFormat: options.logFormat }),
    onFatal: options.onFatal,
  };
}
