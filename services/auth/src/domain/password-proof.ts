import { rateLimited, unauthorized } from "@plinth/kernel/base";
import type { Client } from "./client.ts";
import { networkOf } from "./client.ts";
import type { Attempt, FailedLogin } from "./guard-store.ts";
import { accountKey, admitAttempt, noteFailure, noteSuccess } from "./login-guard.ts";
import type { Ports } from "./ports.ts";

export interface Credentials {
  readonly tenantId: string;
  readonly email: string;
  readonly password: string;
  readonly client: Client;
}

/** A right password. What it is for decides whether the attempt succeeded. */
export interface Proof {
  readonly attempt: Attempt;
  readonly user: { readonly id: string; readonly email: string };
}

/**
 * Checks a password under the guards. The same steps are taken for unknown accounts, so neither answer nor time tells them apart.
 * Throws RATE_LIMITED, or UNAUTHORIZED with reason INVALID_CREDENTIALS.
 */
export async function provePassword(ports: Ports, { tenantId, email, password, client }: Credentials): Promise<Proof> {
  const startedAt = ports.now();
  const attempt: Attempt = { tenantId, account: accountKey(email), network: networkOf(client.address), client, startedAt };
  const { guard } = ports.settings();
  const waitMs = await ports.guards.update(attempt, (guards) => {
    const admission = admitAttempt(guards, guard, startedAt);
    return admission.admitted ? { guards: admission.guards, result: 0 } : { guards: undefined, result: admission.retryAfterMs };
  });
  if (waitMs > 0) {
    const retryAfterSeconds = Math.ceil(waitMs / 1000);
    throw rateLimited("Too many attempts to sign in to this account. Wait, then try again.", { retryAfterSeconds });
  }
  const { user, knownUserId } = await ports.accounts.verifyPassword(email, password, tenantId);
  if (user !== undefined) return { attempt, user };
  await recordFailure(ports, attempt, { userId: knownUserId, factor: "password" });
  throw wrongCredentials();
}

/** The network counts as the user's own from now on. */
export async function recordSuccess(ports: Ports, attempt: Attempt): Promise<void> {
  await ports.guards.update(attempt, (guards) => ({ guards: noteSuccess(guards, ports.now()), result: undefined }));
}

export async function recordFailure(ports: Ports, attempt: Attempt, failure: FailedLogin): Promise<void> {
  const { guard } = ports.settings();
  await ports.guards.fail(attempt, failure, (guards) => noteFailure(guards, guard, ports.now()));
}

export function wrongCredentials() {
  return unauthorized("The email address or the password is not right.", { reason: "INVALID_CREDENTIALS" });
}
