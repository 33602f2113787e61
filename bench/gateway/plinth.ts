import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { createStaticDiscovery } from "@plinth/kernel/discovery";
import { createHealth } from "@plinth/kernel/health";
import { createUserTokens, publicJwk } from "@plinth/kernel/identity";
import { silentLogger } from "@plinth/kernel/logging";
import { createMetrics, createTracing } from "@plinth/kernel/telemetry";
import jsonwebtoken from "jsonwebtoken";
import { createGateway } from "../../services/gateway/src/create-gateway.ts";

/**
 * Our gateway before the backend on port `argv[2]`, with all that it does to a request switched on: token, limits per address and user,
 * permission, metrics, tracing. Prints one line of JSON: its port, and a token to come with.
 */
const [, , backendPort = "0"] = process.argv;
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const jwk = publicJwk(createPublicKey(publicKey.export({ type: "spki", format: "pem" })));
const token = jsonwebtoken.sign({ email: "a@example.com", roles: ["user"], tenant_id: "default", sid: "sess_1" }, privateKey, {
  algorithm: "RS256",
  keyid: jwk.kid,
  subject: "user_1",
  issuer: "bench",
  audience: "plinth",
  expiresIn: "1h",
});

const snapshot = {
  revision: 1,
  modules: [
    {
      apiVersion: "plinth.dev/v1alpha1" as const,
      kind: "Module" as const,
      metadata: { name: "blog" },
      spec: {
        version: "1.0.0",
        routes: [{ path: "/api/v1/blog/**", permission: "blog.post.read", timeout: "5s" }],
      },
    },
  ],
};
const health = createHealth();
health.setReady(true);

const gateway = createGateway(
  {
    version: "1.0.0",
    modules: { current: snapshot, onChange: () => () => {} },
    discovery: createStaticDiscovery({
      blog: [{ id: "blog-1", host: "127.0.0.1", httpPort: Number(backendPort), grpcPort: 0, version: "1.0.0" }],
    }),
    // The kernel's own answers from its cache in the same way: a string, at once.
    identity: { tokenFor: () => token },
    userTokens: createUserTokens({ issuer: "bench", audience: "plinth", jwks: async () => ({ keys: [jwk] }), logger: silentLogger }),
    askAuthz: async () => true,
    health,
    metrics: createMetrics({ module: "gateway" }),
    tracing: createTracing({
      module: "gateway",
      version: "1.0.0",
      exporter: { export: (_spans, done) => done({ code: 0 }), shutdown: async () => {} },
      ratio: 0.01,
    }),
    logger: silentLogger,
  },
  {
    addressLimit: { requests: 100_000_000, per: "1m" },
    userLimit: { requests: 100_000_000, per: "1m" },
    cors: { origins: [] },
    trustedProxies: [],
    maintenance: false,
  },
);
const port = await gateway.listen({ host: "127.0.0.1", port: 0 });
process.stdout.write(`${JSON.stringify({ port, token })}\n`);
