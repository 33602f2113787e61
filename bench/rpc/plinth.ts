import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { createStaticDiscovery } from "@plinth/kernel/discovery";
import { createKeyIdentity, openPublicKeys, readSigningKey } from "@plinth/kernel/identity";
import { silentLogger } from "@plinth/kernel/logging";
import { fixedModuleSet } from "@plinth/kernel/modules";
import { defineService, type Place, startService } from "@plinth/kernel/service";
import { EchoService } from "@plinth/proto/testing/v1/echo_pb";
import { echoModules } from "./echo-modules.ts";

/** What the server is told, as JSON in `argv[2]`. */
export interface PlinthOrder {
  /** Folder of all modules' key pairs; the log goes there too. */
  readonly keys: string;
  /** Who issues end users' tokens, and where its key set is. */
  readonly userTokens: { readonly issuer: string; readonly audience: string; readonly port: number };
}

export interface PlinthPorts {
  readonly grpc: number;
  readonly http: number;
}

/**
 * The echo service as the platform would run it in production: service identity by real key pairs, the permission matrix of real modules, validation,
 * log at `info`, metrics, tracing with the spans of sampled traces written out. The handler is asynchronous, as those of services are that do anything.
 */
const { keys, userTokens } = JSON.parse(process.argv[2] ?? "") as PlinthOrder;
const modules = echoModules();
const [echo] = modules;
if (echo === undefined) throw new Error("There is no module.");
const publicKeys = await openPublicKeys(keys, silentLogger);
const issuer = { id: "auth-1", host: "127.0.0.1", httpPort: userTokens.port, grpcPort: 0, version: "0.1.0" };
const place: Place = {
  environment: "production",
  host: "127.0.0.1",
  advertisedHost: "127.0.0.1",
  modules: fixedModuleSet(modules),
  discovery: createStaticDiscovery({ auth: [issuer] }),
  identityOf: async ({ metadata: { name } }) =>
    createKeyIdentity({ module: name, signingKey: () => readSigningKey(keys, name), publicKeys }),
  databaseUrl: () => undefined,
  busFor: () => Promise.reject(new Error("The echo has no events.")),
  overlayFolder: undefined,
  secretsFolder: undefined,
  env: { ECHO_SERVER_HTTP_ADDR: "127.0.0.1:0", ECHO_SERVER_GRPC_ADDR: "127.0.0.1:0", ECHO_TELEMETRY_TRACING_EXPORTER: "stdout" },
  userTokens: { module: "auth", issuer: userTokens.issuer, audience: userTokens.audience },
  logStream: createWriteStream(join(keys, "echo.log")),
  onFatal: (error) => {
    throw error;
  },
};
const definition = defineService<unknown>(import.meta.url, (service) => {
  service.rpc(EchoService, { ...unused(), echo: async (request) => ({ message: request.message }) });
});
const { ports } = await startService(definition, echo, place);
process.stdout.write(`${JSON.stringify(ports)}\n`);

/** A service serves all its methods; nobody calls these. */
function unused() {
  const refuse = (): never => {
    throw new Error("This method is not part of the benchmark.");
  };
  const notes = { getNote: refuse, listNotes: refuse, createNote: refuse, publishNote: refuse };
  return { ...notes, echoRaw: refuse, weigh: refuse, count: refuse, fail: refuse };
}
