import type { RawHandler } from "@plinth/kernel/http";
import type { Jwks } from "@plinth/kernel/identity";

/** The public keys, for everybody. Not to be cached on the way: a verifier that asks has met a key it does not know. */
export function jwksHandler(published: () => Promise<Jwks>): RawHandler {
  return async (_request, response) => {
    response.set("cache-control", "no-cache").json(await published());
  };
}
