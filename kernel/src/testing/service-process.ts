import { join } from "node:path";
import { openFileDiscovery } from "../discovery/file-discovery.ts";
import { openPublicKeys } from "../identity/public-keys.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import type { ServiceDefinition } from "../service/define-service.ts";
import { startService } from "../service/start-service.ts";
import { type ExtraCall, moduleIn, onAnyPorts, readModules, testPlace } from "./test-place.ts";

/**
 * One instance of a service as a process of its own, for tests that kill it. Argument: `ServiceProcessTask` as JSON. Tells its ports over IPC when
 * it is ready, and ends with the test.
 */

export interface ServiceProcessTask {
  /** The service's folder. */
  readonly service: string;
  /** The harness's folder, with keys and instances. */
  readonly folder: string;
  readonly databaseUrl: string;
  readonly env: Readonly<Record<string, string>>;
  readonly calls: readonly ExtraCall[];
  readonly userTokens: { readonly issuer: string; readonly audience: string };
}

export interface ServiceProcessReady {
  readonly http: number;
  readonly grpc: number;
}

process.once("disconnect", () => process.exit());
const { service, folder, databaseUrl, env, calls, userTokens } = JSON.parse(process.argv[2] ?? "") as ServiceProcessTask;
const { default: definition } = (await import(join(service, "src/index.ts"))) as { default: ServiceDefinition<unknown> };
const modules = await readModules(service, calls);
const module = moduleIn(modules, service);
const place = testPlace({
  modules,
  folder,
  publicKeys: await openPublicKeys(folder, silentLogger),
  discovery: await openFileDiscovery(join(folder, "instances"), silentLogger),
  urls: new Map([[module.metadata.name, databaseUrl]]),
  env,
  userTokens,
});
const { ports } = await startService(definition, onAnyPorts(module), place);
process.send?.({ http: ports.http ?? 0, grpc: ports.grpc ?? 0 } satisfies ServiceProcessReady);
