import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Writable } from "node:stream";
import type { DescService } from "@bufbuild/protobuf";
import { ALL_METHODS, type Module } from "@plinth/module";
import { DEFAULT_TENANT, runInContext, type UserIdentity } from "../base/request-context.ts";
import type { Client } from "../client/client.ts";
import { type ClientFactory, createClientFactory } from "../client/client-factory.ts";
import { createStaticDiscovery } from "../discovery/static-discovery.ts";
import { createPostgresBus } from "../events/drivers/postgres-bus.ts";
import { provisionBus } from "../events/drivers/provision-bus.ts";
import { createKeyIdentity } from "../identity/key-identity.ts";
import { ensureModuleKeys, readSigningKey } from "../identity/module-keys.ts";
import { openPublicKeys } from "../identity/public-keys.ts";
import { createLogger } from "../logging/create-logger.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import { openFileModuleSet } from "../modules/file-module-set.ts";
import { fixedModuleSet } from "../modules/fixed-module-set.ts";
import type { ServiceDefinition } from "../service/define-service.ts";
import { migrateModule } from "../service/kernel-migrations.ts";
import type { Place } from "../service/place.ts";
import { type RunningService, startService } from "../service/start-service.ts";
import { createTestDatabase, type TestDatabase } from "./test-postgres.ts";
import { startTokenIssuer } from "./token-issuer.ts";

export interface HarnessOptions {
  /** Started in this order: what others need comes first. */
  readonly services: readonly ServiceDefinition<never>[];
  /** Environment variables of the services: configuration and secrets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Calls that no module file declares, for methods that are there for modules to come. */
  readonly calls?: readonly { readonly from: string; readonly to: string; readonly methods: readonly string[] }[];
  /** By module: how many instances run, on one schema; 1 unless said. Clients spread their calls over them. */
  readonly replicas?: Readonly<Record<string, number>>;
  /** One that outlives the harness: services start again on what they left. */
  readonly database?: TestDatabase;
}

/** For whom a call is made. */
export interface TestCaller {
  /** The calling module; `gateway` unless said. */
  readonly module?: string;
  readonly user?: Partial<Omit<UserIdentity, "token">>;
  readonly tenantId?: string;
}

/** Real services on a real database, with ports of their own. */
export interface ServiceHarness {
  readonly services: ReadonlyMap<string, RunningService>;
  /** A typed client that calls over the socket, as a module and for a user. */
  client<S extends DescService>(module: string, service: S, caller?: TestCaller): Client<S>;
  httpUrl(module: string): string;
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
  database: kept,
}: HarnessOptions): Promise<ServiceHarness> {
  const folder = await mkdtemp(join(tmpdir(), "plinth-harness-"));
  const database = kept ?? (await createTestDatabase());
  const modules = withCalls(await readModules(services[0]?.folder ?? ""), calls);
  const set = fixedModuleSet(modules);
  const names = modules.map(({ metadata }) => metadata.name);
  await Promise.all(names.map((name) => ensureModuleKeys(folder, name)));
  const publicKeys = await openPublicKeys(folder, silentLogger);
  const identityOf = (name: string) => createKeyIdentity({ module: name, signingKey: () => readSigningKey(folder, name), publicKeys });
  const discovery = createStaticDiscovery();
  const issuer = await startTokenIssuer();
  const started = services.map((definition) => definition.folder.split("/").at(-1) ?? "");
  if (!started.includes("auth")) await discovery.register("auth", issuer.instance);

  const urls = new Map<string, string>();
  const place: Place = {
    environment: "test",
    host: "127.0.0.1",
    advertisedHost: "127.0.0.1",
    modules: set,
    discovery,
    identityOf: async ({ metadata }) => identityOf(metadata.name),
    databaseUrl: (module) => (module.spec.database === undefined ? undefined : urls.get(module.metadata.name)),
    async busFor({ metadata: { name } }) {
      return createPostgresBus({ url: urls.get(name) ?? "", name, topics: [], sharesDatabase: true, logger: silentLogger });
    },
    overlayFolder: undefined,
    secretsFolder: undefined,
    env: { ...generatedSecrets(modules), ...env },
    userTokens: { module: "auth", issuer: issuer.issuer, audience: issuer.audience },
    logFormat: "json",
    logStream: process.env.PLINTH_TEST_LOGS ? process.stderr : nowhere(),
    onFatal: (error) => {
      throw error;
    },
  };
  const running = new Map<string, RunningService>();
  const others: RunningService[] = [];
  const logger = createLogger({ module: "harness", version: "", level: "error", format: "readable", stream: process.stderr });
  for (const definition of services) {
    const module = modules.find(({ metadata }) => metadata.name === definition.folder.split("/").at(-1));
    if (module === undefined) throw new Error(`${definition.folder} has no valid module.yaml.`);
    const { name } = module.metadata;
    const provisioned = await database.provision(name, [], module.spec.database?.schema);
    urls.set(name, provisioned.url);
    const member = decodeURIComponent(new URL(provisioned.url).username);
    await provisionBus(database.adminUrl, { members: [member], logger: silentLogger, rolePrefix: database.rolePrefix });
    if (module.spec.database !== undefined) {
      await migrateModule({ module, folder: definition.folder, ownerUrl: provisioned.ownerUrl, schema: provisioned.schema, logger });
    }
    const start = () => startService(definition as ServiceDefinition<unknown>, onAnyPorts(module), place);
    running.set(name, await start());
    for (let replica = 1; replica < (replicas[name] ?? 1); replica++) others.push(await start());
  }

  const factories = new Map<string, ClientFactory>();
  const factoryOf = (from: string): ClientFactory => {
    const known = factories.get(from);
    if (known !== undefined) return known;
    const calls = names.map((to) => ({ from, to, methods: [ALL_METHODS], endpoints: [] }));
    const factory = createClientFactory({ module: from, version: "0.0.0", discovery, identity: identityOf(from), calls });
    factories.set(from, factory);
    return factory;
  };
  const userToken = (user: TestCaller["user"]): string => issuer.sign(user ?? {});

  return {
    services: running,
    client(module, service, { module: from = "gateway", user, tenantId } = {}) {
      const plain = factoryOf(from).client(module, service) as unknown as Record<string, (...args: unknown[]) => unknown>;
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
    serviceToken: async (from, to) => identityOf(from).tokenFor(to),
    userToken,
    adminUrl: database.adminUrl,
    databaseUrl: (module) => urls.get(module) ?? "",
    async stop() {
      for (const factory of factories.values()) factory.close();
      for (const service of [...others, ...[...running.values()].reverse()]) await service.stop();
      await issuer.close();
      publicKeys.close();
      if (kept === undefined) await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** All modules beside the one in `folder`, as a platform would know them. */
async function readModules(folder: string): Promise<readonly Module[]> {
  const set = await openFileModuleSet({ roots: [dirname(folder)], logger: silentLogger });
  set.close();
  return set.resolution.order;
}

function withCalls(modules: readonly Module[], calls: NonNullable<HarnessOptions["calls"]>): readonly Module[] {
  return modules.map((module) => {
    const own = calls.filter(({ from }) => from === module.metadata.name).map(({ to, methods }) => ({ to, methods: [...methods] }));
    return own.length === 0 ? module : { ...module, spec: { ...module.spec, calls: [...(module.spec.calls ?? []), ...own] } };
  });
}

/** Services that are alone complain of whom they miss; PLINTH_TEST_LOGS=1 shows it. */
function nowhere(): NodeJS.WritableStream {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

function onAnyPorts(module: Module): Module {
  return { ...module, spec: { ...module.spec, ports: { http: 0, grpc: 0 } } };
}

/** What a platform makes itself; the value does not matter, only its form. */
function generatedSecrets(modules: readonly Module[]): Record<string, string> {
  const secrets = modules.flatMap(({ spec }) => spec.secrets ?? []).filter(({ generate }) => generate === true);
  return Object.fromEntries(secrets.map(({ name }) => [name, Buffer.alloc(32, name).toString("base64url")]));
}

function identityFor(user: NonNullable<TestCaller["user"]>): Omit<UserIdentity, "token"> {
  return { id: "user_test", email: "test@example.com", roles: [], tenantId: DEFAULT_TENANT, sessionId: "sess_test", ...user };
}
