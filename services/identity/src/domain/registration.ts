import { newId } from "@plinth/kernel/base";
import { issueToken, type TokenPurpose } from "./one-time-token.ts";
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
  const user = newUser(newId("user"), registration.tenantId, registration, ports.now());
  const { password, bootstrapToken } = registration;
  if (password !== undefined) checkPassword(password, user, await ports.breachedPasswords(), "password");
  const passwordHash = password === undefined ? undefined : await ports.hasher.hash(password);
  const mail = password === undefined ? resetMail(ports, user) : verificationMail(ports, user);
  await ports.users.insert({ user, passwordHash, mail }, async () => {
    if (bootstrapToken !== undefined) await ports.claimBootstrap(user.id, bootstrapToken);
  });
  return user;
}

export function verificationMail(ports: Ports, user: User): AccountMail {
  return mailWithToken(ports, "verify-email", user);
}

export function resetMail(ports: Ports, user: User): AccountMail {
  return mailWithToken(ports, "reset-password", user);
}

function mailWithToken(ports: Ports, purpose: TokenPurpose, user: User): AccountMail {
  const { raw, token } = issueToken(purpose, user, ports.now(), ports.lifetimeMs(purpose));
  return {
    template: purpose,
    to: user.email,
    locale: user.locale,
    variables: { token: raw, first_name: user.firstName, email: user.email },
    token,
  };
}
