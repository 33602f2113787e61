import { unauthorized } from "@plinth/kernel/base";
import { checkPassword } from "./password-policy.ts";
import type { Ports } from "./ports.ts";
import type { User } from "./user.ts";

export interface PasswordVerdict {
  readonly valid: boolean;
  /** The account at this address, whether or not the password was right; for lockouts and audit, never for the client. */
  readonly user: User | undefined;
}

/** Takes the same time for unknown users, users without a password and wrong passwords. */
export async function verifyPassword(ports: Ports, email: string, password: string, tenantId: string): Promise<PasswordVerdict> {
  const user = await ports.users.findByEmail(email, tenantId);
  const hash = user && (await ports.users.findPasswordHash(user.id, user.tenantId));
  if (!user || hash === undefined) {
    await ports.hasher.verifyNothing(password);
    return { valid: false, user };
  }
  const right = await ports.hasher.verify(password, hash);
  if (right && ports.hasher.isOutdated(hash)) await ports.users.upgradeHash(user, hash, await ports.hasher.hash(password));
  return { valid: right && user.status === "active", user };
}

/** The acting user's own change; the session it comes from goes on, all others end. */
export async function changePassword(
  ports: Ports,
  user: User,
  passwords: { current: string; next: string },
  keptSessionId: string,
): Promise<void> {
  await confirmPassword(ports, user, passwords.current);
  checkPassword(passwords.next, user, await ports.breachedPasswords(), "new_password");
  const hash = await ports.hasher.hash(passwords.next);
  await ports.users.setPassword(user, { hash, cause: "change", keptSessionId }, ports.now());
}

/** Throws UNAUTHORIZED, reason INVALID_CREDENTIALS, unless the user knows the password. */
export async function confirmPassword(ports: Ports, user: User, password: string): Promise<void> {
  const hash = await ports.users.findPasswordHash(user.id, user.tenantId);
  const right = hash === undefined ? await ports.hasher.verifyNothing(password) : await ports.hasher.verify(password, hash);
  if (!right) throw unauthorized("The current password is not right.", { reason: "INVALID_CREDENTIALS" });
}
