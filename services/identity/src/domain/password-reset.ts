import { invalidToken } from "./email-verification.ts";
import { hashOfToken } from "./one-time-token.ts";
import { checkPassword } from "./password-policy.ts";
import type { Ports } from "./ports.ts";
import { resetMail } from "./registration.ts";

/** Does nothing for unknown addresses; the caller cannot tell. */
export async function requestPasswordReset(ports: Ports, email: string): Promise<void> {
  const user = await ports.users.findByEmail(email);
  if (user?.status === "active") await ports.users.sendMail(resetMail(ports, user));
}

/** Every session of the user ends by the event that the store writes with the new password. */
export async function resetPassword(ports: Ports, token: string, newPassword: string): Promise<void> {
  const now = ports.now();
  const tokenHash = hashOfToken(token);
  const user = await ports.users.findResetOwner(tokenHash, now);
  if (user?.status !== "active") throw invalidToken();
  checkPassword(newPassword, user, await ports.breachedPasswords(), "new_password");
  const hash = await ports.hasher.hash(newPassword);
  const spent = await ports.users.spendReset(tokenHash, user, { hash, cause: "reset", keptSessionId: "" }, now);
  if (!spent) throw invalidToken();
}
