import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createStaticDiscovery, type Discovery } from "@plinth/kernel/discovery";
import { createHealth } from "@plinth/kernel/health";
import { createUserTokens, publicJwk, type UserTokens } from "@plinth/kernel/identity";
import { silentLogger } from "@plinth/kernel/logging";
import type { ModuleSnapshot } from "@plinth/kernel/modules";
import { createMetrics, createTracing } from "@plinth/kernel/telemetry";
import type { Module, Route } from "@plinth/module";
import jsonwebtoken from "jsonwebtoken";
import { createGateway, type Gateway } from "../src/create-gateway.ts";
import type { AskAuthz } from "../src/domain/grants.ts";
import type { GatewayConfig } from "../src/domain/settings.ts";

export const TEST_CONFIG: GatewayConfig = {
  addressLimit: { requests: 100_000, per: "1m" },
  userLimit: { requests: 100_000, per: "1m" },
  cors: { origins: ["https://shop.example"] },
  trustedProxies: [],
  maintenance: false,
};

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const jwk = publicJwk(createPublicKey(createPrivateKey(privateKey.export({ type: "pkcs8", format: "pem" }))));

/** An access token as auth would issue it. */
export function accessToken(user = "user_1", session = "sess_1", expiresIn = 900): string {
  return jsonwebtoken.sign({ email: `${user}@example.com`, roles: ["user"], tenant_id: "acme", sid: session }, privateKey, {
    algorithm: "RS256",
    keyid: jwk.kid,
    subject: user,
    issuer: "https://plinth.test",
    audience: "plinth",
    expiresIn,
  });
}

export function testUserTokens(): UserTokens {
  return createUserTokens({ issuer: "https://plinth.test", audience: "plinth", jwks: async () => ({ keys: [jwk] }), logger: silentLogger });
}

export function moduleWith(name: string, routes: Route[]): Module {
  return { apiVersion: "plinth.dev/v1alpha1", kind: "Module", metadata: { name }, spec: { version: "1.0.0", routes } };
}

export interface Backend {
  readonly port: number;
  readonly server: Server;
  close(): Promise<void>;
}

/** A module's HTTP port. */
export async function startBackend(listener: RequestListener): Promise<Backend> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { port: (server.address() as AddressInfo).port, server, close };
}

export interface TestGateway {
  readonly gateway: Gateway;
  readonly port: number;
  readonly origin: string;
  readonly discovery: Discovery;
  setModules(modules: readonly Module[]): void;
  /** Resolves when every module's methods are known. */
  settled(): Promise<void>;
}

export interface TestGatewayOptions {
  readonly modules: readonly Module[];
  readonly backends: Readonly<Record<string, { httpPort: number; grpcPort?: number }>>;
  readonly config?: Partial<GatewayConfig>;
  readonly askAuthz?: AskAuthz;
  readonly headTimeoutMs?: number;
}

/** The whole gateway on a free port; only the services that it asks are this process's own. */
export async function startGateway(options: TestGatewayOptions): Promise<TestGateway> {
  let snapshot: ModuleSnapshot = { revision: 1, modules: options.modules };
  const listeners = new Set<(snapshot: ModuleSnapshot) => void>();
  const instances = Object.entries(options.backends).map(
    ([module, { httpPort, grpcPort = 0 }]) =>
      [module, [{ id: `${module}-1`, host: "127.0.0.1", httpPort, grpcPort, version: "1.0.0" }]] as const,
  );
  const discovery = createStaticDiscovery(Object.fromEntries(instances));
  const metrics = createMetrics({ module: "gateway" });
  const health = createHealth();
  health.setReady(true);
  const gateway = createGateway(
    {
      version: "1.0.0",
      modules: {
        get current() {
          return snapshot;
        },
        onChange(listener) {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      },
      discovery,
      identity: { tokenFor: (callee) => `service-token-for-${callee}` },
      userTokens: testUserTokens(),
      askAuthz: options.askAuthz ?? (async () => true),
      health,
      metrics,
      tracing: createTracing({ module: "gateway", version: "1.0.0", exporter: "none", ratio: 0 }),
      logger: silentLogger,
    },
    { ...TEST_CONFIG, ...options.config },
  );
  const port = await gateway.listen({
    host: "127.0.0.1",
    port: 0,
    ...(options.headTimeoutMs !== undefined && { headTimeoutMs: options.headTimeoutMs }),
  });
  return {
    gateway,
    port,
    origin: `http://127.0.0.1:${port}`,
    discovery,
    setModules(modules) {
      snapshot = { revision: snapshot.revision + 1, modules };
      for (const listener of listeners) listener(snapshot);
    },
    settled: () => gateway.settled,
  };
}

/** What a backend of tests usually does: tells what it got. */
export function echo(request: IncomingMessage, response: Parameters<RequestListener>[1]): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = JSON.stringify({
      method: request.method,
      url: request.url,
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    });
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body), "x-powered-by": "test" });
    response.end(body);
  });
}
