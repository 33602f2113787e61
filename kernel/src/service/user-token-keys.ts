import { fetchJwks } from "../identity/fetch-jwks.ts";
import type { UserTokens } from "../identity/identity.ts";
import { createUserTokens } from "../identity/user-tokens.ts";
import type { Logger } from "../logging/logger.ts";
import type { Place } from "./place.ts";

/** Verifies end users' tokens by the JWKS of the module that issues them, wherever discovery finds it. */
export function openUserTokens({ userTokens, discovery }: Place, logger: Logger): UserTokens {
  const address = () => {
    const [instance] = discovery.instances(userTokens.module);
    return instance === undefined ? undefined : `http://${instance.host}:${instance.httpPort}/.well-known/jwks.json`;
  };
  return createUserTokens({ issuer: userTokens.issuer, audience: userTokens.audience, jwks: fetchJwks(address), logger });
}
