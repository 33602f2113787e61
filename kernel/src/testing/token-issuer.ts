import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import jsonwebtoken from "jsonwebtoken";
import { DEFAULT_TENANT, type UserIdentity } from "../base/request-context.ts";
import type { Instance } from "../discovery/discovery.ts";
import { publicJwk } from "../identity/jwks.ts";
import type { SigningKey } from "../identity/module-keys.ts";

/** Signs end users' tokens where the module that does so is not part of a test; its keys are fetched over HTTP like that one's. */
export interface TokenIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly instance: Instance;
  sign(user: Partial<Omit<UserIdentity, "token">>): string;
  close(): Promise<void>;
}

/** @param key Signs the tokens. */
export async function startTokenIssuer({ key, kid }: SigningKey): Promise<TokenIssuer> {
  const jwk = publicJwk(key);
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const issuer = "plinth";
  const audience = "plinth-api";
  return {
    issuer,
    audience,
    instance: { id: "issuer", host: "127.0.0.1", httpPort: port, grpcPort: 0, version: "0.0.0" },
    sign({ id = "user_test", email = "test@example.com", roles = [], tenantId = DEFAULT_TENANT, sessionId = "sess_test" }) {
      const claims = { sub: id, email, roles, tenant_id: tenantId, sid: sessionId };
      return jsonwebtoken.sign(claims, key, { algorithm: "RS256", keyid: kid, issuer, audience, expiresIn: "5m" });
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
