import type { Discovery } from "@plinth/kernel/discovery";
import { createPostgresBus } from "@plinth/kernel/events";
import { openKubernetesIdentity } from "@plinth/kernel/identity";
import type { KubeClient } from "@plinth/kernel/kube";
import type { Logger } from "@plinth/kernel/logging";
import type { ConfigMapModuleSet, ModuleSet } from "@plinth/kernel/modules";
import type { Place } from "@plinth/kernel/service";
import { GATEWAY_MODULE, topics } from "@plinth/module";
import type { PodEnvironment } from "./pod-environment.ts";
import { getUrl, type PodFolders } from "./pod-files.ts";

export interface ClusterPlaceOptions {
  readonly pod: PodEnvironment;
  readonly folders: PodFolders;
  readonly client: KubeClient;
  readonly modules: ConfigMapModuleSet;
  /** For gateway and authz. */
  readonly allModules: ModuleSet | undefined;
  readonly discovery: Discovery;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  readonly onFatal: (error: unknown) => void;
}

/** Whose JWKS everybody needs who is called for a user. */
export const TOKEN_MODULE = "auth";

/** A pod: all addresses of its own, service accounts for keys, secrets and the database's URL as files, the bus in the same Postgres. */
export function createClusterPlace(options: ClusterPlaceOptions): Place {
  const { pod, folders, client, modules, allModules, discovery, env, logger, onFatal } = options;
  return {
    environment: pod.environment,
    host: "0.0.0.0",
    advertisedHost: pod.podIp,
    modules,
    ...(allModules !== undefined && { allModules }),
    discovery,
    identityOf: ({ metadata: { name } }) =>
      openKubernetesIdentity({
        module: name,
        namespace: pod.namespace,
        tokensFolder: folders.tokens,
        asksForTokens: name === GATEWAY_MODULE,
        client,
        logger,
      }),
    databaseUrl(module) {
      if (module.spec.database === undefined) return undefined;
      return getUrl(folders.database, `module ${module.metadata.name} needs a database`);
    },
    async busFor({ metadata: { name } }) {
      const url = getUrl(folders.database, `module ${name} needs its role on the bus`);
      return createPostgresBus({ url, name, topics: topics(modules.current.modules), sharesDatabase: true, logger });
    },
    overlayFolder: undefined,
    secretsFolder: folders.secrets,
    env,
    userTokens: { module: TOKEN_MODULE, issuer: "plinth", audience: "plinth-api" },
    onFatal,
  };
}
