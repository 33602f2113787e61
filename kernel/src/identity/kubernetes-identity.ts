import { type Clock, systemClock } from "../base/clock.ts";
import { unavailable } from "../base/errors.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Logger } from "../logging/logger.ts";
import type { ServiceIdentity } from "./identity.ts";
import { invalidToken } from "./jwt.ts";
import { isModuleName } from "./module-keys.ts";
import { readProjectedTokens } from "./projected-tokens.ts";
import { createRemoteKeys, type RemoteKeys } from "./remote-keys.ts";
import { requestTokens } from "./requested-tokens.ts";
import { type AcceptedToken, createTokenVerifier, serviceClaims } from "./token-verifier.ts";

export interface KubernetesIdentityOptions {
  readonly module: string;
  /** Callers of other namespaces are strangers. */
  readonly namespace: string;
  /** The projected tokens, a file for each callee. */
  readonly tokensFolder: string;
  /** Whether tokens for other callees are asked of the API server: for the gateway, whose callees come and go. */
  readonly asksForTokens?: boolean;
  readonly client: Pick<KubeClient, "request">;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** The kubelet asks for ten minutes, the least that there is; an API server may give longer ones, but not tokens for days. */
const MAX_PROJECTED_LIFE_SECONDS = 3600;
const TIMEOUT_MS = 2000;

/**
 * Service identity by service accounts: the `kubernetes` driver. A caller shows the token that the kubelet projects for this callee; the callee
 * verifies it offline by the cluster's public keys, which are read once and when they are not enough. While the API server is away the last known
 * keys serve.
 */
export async function openKubernetesIdentity(options: KubernetesIdentityOptions): Promise<ServiceIdentity> {
  const { module, namespace, client, logger, clock = systemClock } = options;
  const subjects = `system:serviceaccount:${namespace}:`;
  let issuer = "";

  async function readKeys(): Promise<unknown> {
    const get = (path: string, accept: string) =>
      client.request<Record<string, unknown>>({ method: "GET", path, accept, deadlineMs: TIMEOUT_MS, retry: false });
    const [configuration, jwks] = await Promise.all([
      get("/.well-known/openid-configuration", "application/json"),
      get("/openid/v1/jwks", "application/jwk-set+json"),
    ]);
    if (typeof configuration.issuer !== "string" || configuration.issuer === "") throw new Error("The API server names no issuer.");
    issuer = configuration.issuer;
    return jwks;
  }

  function accept(token: string, { key, expMs }: NonNullable<ReturnType<RemoteKeys["find"]>>, nowMs: number): AcceptedToken {
    const { sub, iat, exp } = serviceClaims(token, key, { issuer, audience: module, nowMs });
    if (typeof sub !== "string" || !sub.startsWith(subjects)) throw invalidToken("is of no service account of this namespace");
    const caller = sub.slice(subjects.length);
    if (!isModuleName(caller)) throw invalidToken("names no module");
    if (iat === undefined || exp - iat > MAX_PROJECTED_LIFE_SECONDS) throw invalidToken("lives longer than allowed");
    return { caller, expMs: Math.min(exp * 1000, expMs) };
  }

  const keys = createRemoteKeys({ issuer: "cluster", read: readKeys, logger, clock });
  const verifier = createTokenVerifier({ keys: knownOrUnavailable(keys), accept, clock });
  const tokens = readProjectedTokens(options.tokensFolder, clock);
  const requested = options.asksForTokens === true ? requestTokens({ client, namespace, account: module, clock }) : undefined;
  await keys.refresh();
  return {
    tokenFor: (callee) => (requested === undefined || tokens.has(callee) ? tokens.tokenFor(callee) : requested.tokenFor(callee)),
    verify(token) {
      keys.refreshWhenOld();
      return verifier.verify(token);
    },
    async close() {
      tokens.close();
      verifier.clear();
    },
  };
}

/** Before the first keys were read nobody can tell a good token from a wrong one: the caller is to try again. */
function knownOrUnavailable(keys: RemoteKeys) {
  return {
    find: keys.find,
    get revision() {
      return keys.revision;
    },
    async refresh() {
      await keys.refresh();
      if (keys.size === 0)
        throw unavailable("Service tokens cannot be verified now.", { reason: "TOKEN_KEYS_UNAVAILABLE", retryAfterSeconds: 1 });
    },
  };
}
