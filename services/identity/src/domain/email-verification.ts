import { badRequest } from "@plinth/kernel/base";
import { hashOfToken } from "./one-time-token.ts";
import type { Ports } from "./ports.ts";
import { verificationMail } from "./registration.ts";
import { type User, verifyEmail } from "./user.ts";

/** Throws BAD_REQUEST, reason TOKEN_INVALID, without saying whether the token is unknown, spent or expired. */
export async function spendVerificationToken(ports: Ports, token: string): Promise<User> {
  const now = ports.now();
  const user = await ports.users.spendVerification(hashOfToken(token), now, (found) => verifyEmail(found, now));
  if (!user) throw invalidToken();
  return user;
}

/** Does nothing for unknown and for verified addresses; the caller cannot tell. */
export async function resendVerification(ports: Ports, email: string): Promise<void> {
  const user = await ports.users.findByEmail(email);
  if (user?.status === "active" && !user.emailVerified) await ports.users.sendMail(verificationMail(ports, user));
}

export function invalidToken(): Error {
  return badRequest("This link is not valid any more. Ask for a new mail.", { reason: "TOKEN_INVALID" });
}
