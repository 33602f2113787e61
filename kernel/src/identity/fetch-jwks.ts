/** What is needed of `fetch`; a service passes one that adds its service token. */
export type FetchJson = (url: string, init: { signal: AbortSignal; headers: Record<string, string> }) => Promise<Response>;

const TIMEOUT_MS = 2000;

/** A source of keys for `createUserTokens`: a JWKS document by HTTP. The address is asked for each time, since the issuer may have moved. */
export function fetchJwks(url: () => string | undefined, fetchJson: FetchJson = fetch): () => Promise<unknown> {
  return async () => {
    const address = url();
    if (address === undefined) throw new Error("No instance of the issuer is known.");
    const response = await fetchJson(address, { signal: AbortSignal.timeout(TIMEOUT_MS), headers: { accept: "application/json" } });
    if (!response.ok) throw new Error(`${address} answered ${response.status}.`);
    return await response.json();
  };
}
