import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import { ALL_METHODS } from "@plinth/module";
import { DEFAULT_TENANT, runInContext, type UserIdentity } from "../base/request-context.ts";
import type { Client } from "../client/client.ts";
import { type ClientFactory, createClientFactory } from "../client/client-factory.ts";
import { openFileDiscovery } from "../discovery/file-discovery.ts";
import { createStaticDiscovery } from "../discovery/static-discovery.ts";
import { readSigningKey } from "../identity/module-keys.ts";
import { openPublicKeys } from "../identity/public-keys.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import type { ServiceDefinition } from "../service/define-service.ts";
import { type RunningService, startService } from "../service/start-service.ts";
import { createFurnishedDatabase } from "./furnished-database.ts";
import { writeHarnessKeys } from "./harness-keys.ts";
import { provisionServices } from "./provision-services.ts";
import { type ServiceProcess, startServiceProcess } from "./start-service-process.ts";
import { type ExtraCall, moduleIn, onAnyPorts, readModules, testIdentity, testPlace } from "./test-place.ts";
import type { TestDatabase } from "./test-postgres.ts";
import { startTokenIssuer } from "./token-issuer.ts";

export interface HarnessOptions {
  /** Started in this order: what others need comes first. */
  readonly services: readonly ServiceDefinition<never>[];
  /** Environment variables of the services: configuration and secrets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Calls that no module file declares, for methods that are there for modules to come. */
  readonly calls?: readonly ExtraCall[];
  /** By module: how many instances run, on one schema; 1 unless said. Clients spread their calls over them. */
  readonly replicas?: Readonly<Record<string, number>>;
  /** Modules that run in processes of their own alone, which `startProcess` starts and a test may kill. */
  readonly inProcesses?: readonly string[];
  /** One that outlives the harness: services start again on what they left. */
  readonly database?: TestDatabase;
}

/** For whom a call is made. */
export interface TestCaller {
  /** The calling module; `gateway` unless said. */
  readonly module?: string;
  readonly user?: Partial<Omit<UserIdentity, "token">>;
  readonly tenantId?: string;
  /** The one that is called; else calls are spread over all. */
  readonly process?: ServiceProcess;
}

/** Real services on a real database, with ports of their own. */
export interface ServiceHarness {
  readonly services: ReadonlyMap<string, RunningService>;
  /** A typed client that calls over the socket, as a module and for a user. */
  client<S extends DescService>(module: string, service: S, caller?: TestCaller): Client<S>;
  httpUrl(module: string): string;
  /** One more instance, of a module that is `inProcesses`; the others find it, and miss it when it was killed. */
  startProcess(module: string): Promise<ServiceProcess>;
  /** A token for `x-service-token`, for plain HTTP. */
  serviceToken(from: string, to: string): Promise<string>;
  /** An access token; when auth itself runs here, only its own tokens are good. */
  userToken(user: TestCaller["user"]): string;
  /** As superuser. */
  readonly adminUrl: string;
  /** In the module's own role. */
  databaseUrl(module: string): string;
  stop(): Promise<void>;
}

/** Starts services as a place would, and nothing else: no gateway, no runner. */
export async function startHarness({
  services,
  env = {},
  calls = [],
  replicas = {},
  inProcesses = [],
  database: kept,
}: HarnessOptions): Promise<ServiceHarness> {
  const folder = await mkdtemp(join(tmpdir(), "plinth-harness-"));
  const modules = await readModules(services[0]?.folder ?? "", calls);
  const inFolders = services.map(({ folder }) => ({ folder, module: moduleIn(modules, folder) }));
  const provision = (database: TestDatabase) => provisionServices(database, inFolders);
  const database =
    kept === undefined
      ? await createFurnishedDatabase(services.map(({ folder }) => folder).join(), provision)
      : { ...kept, modules: await provision(kept) };
  const names = modules.map(({ metadata }) => metadata.name);
  await writeHarnessKeys(folder, names);
  const userKeys = join(folder, "users");
  await writeHarnessKeys(userKeys, ["issuer"]);
  const publicKeys = await openPublicKeys(folder, silentLogger);
  const identityOf = (name: string) => testIdentity(folder, publicKeys, name);
  const discovery = inProcesses.length === 0 ? createStaticDiscovery() : await openFileDiscovery(join(folder, "instances"), silentLogger);
  const issuer = await startTokenIssuer(await readSigningKey(userKeys, "issuer"));
  const started = services.map((definition) => definition.folder.split("/").at(-1) ?? "");
  if (!started.includes("auth")) await discovery.register("auth", issuer.instance);

  const urls = new Map(database.modules.map(({ module, url }) => [module, url]));
  const userTokens = { issuer: issuer.issuer, audience: issuer.audience };
  const place = testPlace({ modules, folder, publicKeys, discovery, urls, env, userTokens });
  const running = new Map<string, RunningService>();
  const others: RunningService[] = [];
  const processes: ServiceProcess[] = [];
  const factories = new Map<string, ClientFactory>();
  const stop = async (): Promise<void> => {
    for (const factory of factories.values()) factory.close();
    await Promise.all(processes.map((each) => each.kill()));
    for (const service of [...others, ...[...running.values()].reverse()]) await service.stop();
    await issuer.close();
    await discovery.close();
    publicKeys.close();
    if (kept === undefined) await database.drop();
    await rm(folder, { recursive: true, force: true });
  };
  const startOne = async (definition: ServiceDefinition<never>): Promise<void> => {
    const module = moduleIn(modules, definition.folder);
    const { name } = module.metadata;
    if (inProcesses.includes(name)) return;
    const start = () => startService(definition as ServiceDefinition<unknown>, onAnyPorts(module), place);
    running.set(name, await start());
    for (let replica = 1; replica < (replicas[name] ?? 1); replica++) others.push(await start());
  };
  try {
    for (const definition of services) await startOne(definition);
  } catch (error) {
    // Nobody has the harness to stop it.
    await stop();
    throw error;
  }

  const factoryOf = (from: string, to: ServiceProcess | undefined): ClientFactory => {
    const key = `${from} ${to?.instance.id}`;
    const known = factories.get(key);
    if (known !== undefined) return known;
    // Tests make calls fail on purpose; what they ask for next is to be asked for.
    const circuitBreaker = { failureThreshold: Number.POSITIVE_INFINITY };
    const calls = names.map((to) => ({ from, to, methods: [ALL_METHODS], endpoints: [], circuitBreaker }));
    const found = to === undefined ? discovery : createStaticDiscovery(Object.fromEntries(names.map((name) => [name, [to.instance]])));
    const factory = createClientFactory({ module: from, version: "0.0.0", discovery: found, identity: identityOf(from), calls });
    factories.set(key, factory);
    return factory;
  };
  const userToken = (user: TestCaller["user"]): string => issuer.sign(user ?? {});

  return {
    services: running,
    client(module, service, { module: from = "gateway", user, tenantId, process: to } = {}) {
      const plain = factoryOf(from, to).client(module, service) as unknown as Record<string, (...args: unknown[]) => unknown>;
      const context = {
        requestId: randomUUID(),
        traceId: "",
        trace: undefined,
        module: from,
        tenantId: tenantId ?? user?.tenantId ?? DEFAULT_TENANT,
        signal: new AbortController().signal,
        ...(user === undefined ? {} : { user: { ...identityFor(user), token: userToken(user) } }),
      };
      const bound = Object.entries(plain).map(([method, call]) => [
        method,
        (...args: unknown[]) => runInContext(context, () => call(...args)),
      ]);
      return Object.fromEntries(bound);
    },
    httpUrl: (module) => `http://127.0.0.1:${running.get(module)?.ports.http}`,
    async startProcess(name) {
      const service = services.map((definition) => definition.folder).find((each) => each.split("/").at(-1) === name);
      if (service === undefined || !inProcesses.includes(name)) throw new Error(`${name} is not among inProcesses.`);
      const started = await startServiceProcess({ service, folder, databaseUrl: urls.get(name) ?? "", env, calls, userTokens });
      processes.push(started);
      return started;
    },
    serviceToken: async (from, to) => identityOf(from).tokenFor(to),
    userToken,
    adminUrl: database.adminUrl,
    databaseUrl: (module) => urls.get(module) ?? "",
    stop,
  };
}

function identityFor(user: NonNullable<TestCaller["user"]>): Omit<UserIdentity, "token"> {
  return { id: "user_test", email: "test@example.com", roles: [], tenantId: DEFAULT_TENANT, sessionId: "sess_test", ...user };
}
