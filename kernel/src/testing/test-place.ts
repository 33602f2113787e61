import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { Writable } from "node:stream";
import type { Module } from "@plinth/module";
import type { Discovery } from "../discovery/discovery.ts";
import { createPostgresBus } from "../events/drivers/postgres-bus.ts";
import type { ServiceIdentity } from "../identity/identity.ts";
import { createKeyIdentity } from "../identity/key-identity.ts";
import { readSigningKey } from "../identity/module-keys.ts";
import type { PublicKeys } from "../identity/public-keys.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import { openFileModuleSet } from "../modules/file-module-set.ts";
import { fixedModuleSet } from "../modules/fixed-module-set.ts";
import type { Place } from "../service/place.ts";
import { onceInRun } from "./test-run.ts";

/** A call that no module file declares. */
export interface ExtraCall {
  readonly from: string;
  readonly to: string;
  readonly methods: readonly string[];
}

export interface TestPlaceParts {
  readonly modules: readonly Module[];
  /** With the keys of all modules. */
  readonly folder: string;
  readonly publicKeys: PublicKeys;
  readonly discovery: Discovery;
  /** By module: its database, in its service role. */
  readonly urls: ReadonlyMap<string, string>;
  readonly env: Readonly<Record<string, string>>;
  readonly userTokens: { readonly issuer: string; readonly audience: string };
}

/** Where services run in tests: in the test's process or in another one. */
export function testPlace({ modules, folder, publicKeys, discovery, urls, env, userTokens }: TestPlaceParts): Place {
  return {
    environment: "test",
    host: "127.0.0.1",
    advertisedHost: "127.0.0.1",
    modules: fixedModuleSet(modules),
    discovery,
    identityOf: async ({ metadata }) => testIdentity(folder, publicKeys, metadata.name),
    databaseUrl: (module) => (module.spec.database === undefined ? undefined : urls.get(module.metadata.name)),
    async busFor({ metadata: { name } }) {
      return createPostgresBus({ url: urls.get(name) ?? "", name, topics: [], sharesDatabase: true, logger: silentLogger });
    },
    overlayFolder: undefined,
    secretsFolder: undefined,
    env: { ...generatedSecrets(modules), ...env },
    userTokens: { module: "auth", ...userTokens },
    logFormat: "json",
    logStream: process.env.PLINTH_TEST_LOGS ? process.stderr : nowhere(),
    onFatal: (error) => {
      throw error;
    },
  };
}

export function testIdentity(folder: string, publicKeys: PublicKeys, module: string): ServiceIdentity {
  return createKeyIdentity({ module, signingKey: () => readSigningKey(folder, module), publicKeys });
}

/** All modules beside the one in `folder`, as a platform would know them. To check them all takes longer than to start one: a run does it once. */
export async function readModules(folder: string, calls: readonly ExtraCall[]): Promise<readonly Module[]> {
  const root = dirname(folder);
  const modules = await onceInRun(`modules-${createHash("sha256").update(root).digest("hex")}`, async () => {
    const set = await openFileModuleSet({ roots: [root], logger: silentLogger });
    set.close();
    return set.resolution.order;
  });
  return withCalls(modules, calls);
}

export function moduleIn(modules: readonly Module[], folder: string): Module {
  const module = modules.find(({ metadata }) => metadata.name === folder.split("/").at(-1));
  if (module === undefined) throw new Error(`${folder} has no valid module.yaml.`);
  return module;
}

export function onAnyPorts(module: Module): Module {
  return { ...module, spec: { ...module.spec, ports: { http: 0, grpc: 0 } } };
}

function withCalls(modules: readonly Module[], calls: readonly ExtraCall[]): readonly Module[] {
  return modules.map((module) => {
    const own = calls.filter(({ from }) => from === module.metadata.name).map(({ to, methods }) => ({ to, methods: [...methods] }));
    return own.length === 0 ? module : { ...module, spec: { ...module.spec, calls: [...(module.spec.calls ?? []), ...own] } };
  });
}

/** Services that are alone complain of whom they miss; PLINTH_TEST_LOGS=1 shows it. */
function nowhere(): NodeJS.WritableStream {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

/** What a platform makes itself; the value does not matter, only its form. */
function generatedSecrets(modules: readonly Module[]): Record<string, string> {
  const secrets = modules.flatMap(({ spec }) => spec.secrets ?? []).filter(({ generate }) => generate === true);
  return Object.fromEntries(secrets.map(({ name }) => [name, Buffer.alloc(32, name).toString("base64url")]));
}
