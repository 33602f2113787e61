import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKeyIdentity, ensureModuleKeys, openPublicKeys, readSigningKey } from "@plinth/kernel/identity";
import { silentLogger } from "@plinth/kernel/logging";
import { startTokenIssuer } from "../../kernel/src/testing/token-issuer.ts";
import { echoModules } from "./echo-modules.ts";
import type { PlinthOrder } from "./plinth.ts";

/** Who calls the echo service: a module with keys of its own, on behalf of nobody or of a user. */
export interface Callers {
  readonly order: PlinthOrder;
  /** The headers of a call. Tokens live five minutes: ask again for each measurement. */
  headers(user: "nobody" | "user"): Promise<Record<string, string>>;
  close(): Promise<void>;
}

export async function createCallers(): Promise<Callers> {
  const keys = await mkdtemp(join(tmpdir(), "plinth-bench-"));
  for (const { metadata } of echoModules()) await ensureModuleKeys(keys, metadata.name);
  const publicKeys = await openPublicKeys(keys, silentLogger);
  const identity = createKeyIdentity({ module: "caller", signingKey: () => readSigningKey(keys, "caller"), publicKeys });
  const issuer = await startTokenIssuer();
  return {
    order: { keys, userTokens: { issuer: issuer.issuer, audience: issuer.audience, port: issuer.instance.httpPort } },
    async headers(user) {
      return {
        "x-service-token": await identity.tokenFor("echo"),
        "x-service-name": "caller",
        "x-service-version": "0.1.0",
        "x-tenant-id": "default",
        ...(user === "user" && { authorization: `Bearer ${issuer.sign({ roles: ["user"] })}` }),
      };
    },
    async close() {
      await identity.close();
      publicKeys.close();
      await issuer.close();
      await rm(keys, { recursive: true, force: true });
    },
  };
}
