import { fetchJwks } from "../identity/fetch-jwks.ts";
import type { UserTokens } from "../identity/identity.ts";
import { createUserTokens } from "../identity/user-tokens.ts";
import type { Logger } from "../logging/logger.ts";
import type { Place } from "./place.ts";

/** Verifies end users' tokens by the JWKS of the module that issues them, wherever discovery finds it. */
export function openUserTokens({ userTokens, discovery }: Place, logger: Logger): UserTokens {
  const address = () => {
    const instances = discovery.instances(userTokens.module);
    // Any: the same one each time may be the one that is just going away.
    const instance = instances[Math.floor(Math.random() * instances.length)];
    return instance === undefined ? undefined : `http://${instance.host}:${instance.httpPort}/.well-known/jwks.json`;
  };
  return createUserTokens({ issuer: userTokens.issuer, audience: userTokens.audience, jwks: fetchJwks(address), logger });
}
