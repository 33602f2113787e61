import type { Clock } from "../base/clock.ts";
import { unavailable } from "../base/errors.ts";
import type { KubeClient } from "../kube/client.ts";
import { claimsInside } from "./jwt.ts";
import { USED_SHARE } from "./token-life.ts";

export interface RequestedTokensOptions {
  readonly client: Pick<KubeClient, "request">;
  readonly namespace: string;
  /** The own service account. */
  readonly account: string;
  readonly clock: Clock;
}

/** Service tokens that the API server makes when they are asked for: for a caller whose callees come and go while it runs. */
export interface RequestedTokens {
  /** At once where one is known that is good for some time. SERVICE_UNAVAILABLE where the API server gives none. */
  tokenFor(callee: string): string | Promise<string>;
}

interface KnownToken {
  readonly token: string;
  /** Epoch milliseconds. */
  readonly renewAt: number;
  readonly expiresAt: number;
}

/** The least that the API server gives. */
const LIFE_SECONDS = 600;
const TIMEOUT_MS = 2000;

/** By `TokenRequest` (authentication.k8s.io/v1) on the own account, which its role must allow. A token is renewed while the one before still serves. */
export function requestTokens({ client, namespace, account, clock }: RequestedTokensOptions): RequestedTokens {
  const known = new Map<string, KnownToken>();
  const asked = new Map<string, Promise<string>>();

  async function request(callee: string): Promise<string> {
    const { status } = await client.request<{ status: { token: string } }>({
      method: "POST",
      path: `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
      body: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: { audiences: [callee], expirationSeconds: LIFE_SECONDS },
      },
      deadlineMs: TIMEOUT_MS,
      retry: true,
    });
    const now = clock.now();
    const { iat = now / 1000, exp = now / 1000 } = claimsInside(status.token);
    known.set(callee, { token: status.token, renewAt: (iat + (exp - iat) * USED_SHARE) * 1000, expiresAt: exp * 1000 });
    return status.token;
  }

  /** One at a time for each callee. */
  function requestOnce(callee: string): Promise<string> {
    const running = asked.get(callee);
    if (running !== undefined) return running;
    const begun = request(callee).finally(() => asked.delete(callee));
    asked.set(callee, begun);
    return begun;
  }

  return {
    tokenFor(callee) {
      const found = known.get(callee);
      const now = clock.now();
      if (found !== undefined && now < found.renewAt) return found.token;
      const requested = requestOnce(callee);
      if (found !== undefined && now < found.expiresAt) {
        // The next call tries again; this one need not wait.
        requested.catch(() => undefined);
        return found.token;
      }
      return requested.catch((error: unknown) => {
        throw unavailable(`The API server gives no service token for calls to ${callee}.`, {
          reason: "NO_SERVICE_TOKEN",
          retryAfterSeconds: 1,
          cause: error,
        });
      });
    },
  };
}
