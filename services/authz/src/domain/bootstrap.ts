import { createHash, timingSafeEqual } from "node:crypto";
import { forbidden } from "@plinth/kernel/base";
import type { BootstrapStore } from "./access-store.ts";
import type { SetVersion } from "./set-version.ts";

/**
 * Makes a user platform administrator by the token that only the operator knows. Each token works for one user, once; a new
 * one put in its place works again, which is the way back when no administrator is left.
 * Throws FORBIDDEN, reason BOOTSTRAP_TOKEN_INVALID, without saying why.
 */
export async function claimBootstrap(
  store: BootstrapStore,
  expected: string | undefined,
  userId: string,
  token: string,
): Promise<SetVersion> {
  const hash = digest(token);
  // Both are digests, so neither length nor content shows in the time this takes.
  const right = expected !== undefined && expected !== "" && timingSafeEqual(hash, digest(expected));
  const version = right ? await store.claim(hash, userId) : undefined;
  if (version !== undefined) return version;
  await store.recordRefusal(userId);
  throw forbidden("The bootstrap token is wrong or used up.", { reason: "BOOTSTRAP_TOKEN_INVALID" });
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
