import { newId } from "@plinth/kernel/base";
import { issueToken } from "./one-time-token.ts";
import { checkPassword } from "./password-policy.ts";
import type { Ports } from "./ports.ts";
import { newUser, type Profile, type User } from "./user.ts";
import type { AccountMail } from "./user-store.ts";

export interface Registration extends Profile {
  readonly tenantId: string;
  /** Undefined only where somebody else makes the account: its owner sets one by mail. */
  readonly password: string | undefined;
  readonly bootstrapToken?: string | undefined;
}

/** Makes an account and sends its first mail: to verify the address, or, without a password, to set one. */
export async function register(ports: Ports, registration: Registration): Promise<User> {
  const now = ports.now();
  const user = newUser(newId("user"), registration.tenantId, registration, now);
  const { password, bootstrapToken } = registration;
  if (password !== undefined) checkPassword(password, user, await ports.breachedPasswords(), "password");
  const passwordHash = password === undefined ? undefined : await ports.hasher.hash(password);
  const mail = password === undefined ? resetMail(user, now) : verificationMail(user, now);
  await ports.users.insert({ user, passwordHash, mail }, async () => {
    if (bootstrapToken !== undefined) await ports.claimBootstrap(user.id, bootstrapToken);
  });
  return user;
}

export function verificationMail(user: User, now: Date): AccountMail {
  return mailWithToken("verify-email", user, now);
}

export function resetMail(user: User, now: Date): AccountMail {
  return mailWithToken("reset-password", user, now);
}

function mailWithToken(purpose: "verify-email" | "reset-password", user: User, now: Date): AccountMail {
  const { raw, token } = issueToken(purpose, user, now);
  return {
    template: purpose,
    to: user.email,
    locale: user.locale,
    variables: { token: raw, first_name: user.firstName, email: user.email },
    token,
  };
}
