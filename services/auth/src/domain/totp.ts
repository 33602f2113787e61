import { conflict, notFound } from "@plinth/kernel/base";
import type { Client } from "./client.ts";
import { type Credentials, type Proof, provePassword, recordFailure, recordSuccess, wrongCredentials } from "./password-proof.ts";
import type { Ports } from "./ports.ts";
import { matchingStep, newRecoveryCodes, newTotpSecret, totpEnrolment } from "./second-factor.ts";
import type { Owner } from "./second-factor-store.ts";
import { acceptsCode, wrongCode } from "./sign-in.ts";

/** A secret for the app; it counts after `confirmTotp`. Throws INVALID_CREDENTIALS, or CONFLICT with reason TOTP_ENROLLED. */
export async function enrollTotp(ports: Ports, owner: Owner, password: string, client: Client): Promise<{ secret: string; uri: string }> {
  const { user, attempt } = await proveOwnPassword(ports, owner, password, client);
  const secret = newTotpSecret();
  if (!(await ports.secondFactors.begin(owner, secret))) throw alreadyEnrolled();
  await recordSuccess(ports, attempt);
  return totpEnrolment(secret, ports.settings().totpIssuer, user.email);
}

/** Answers the recovery codes. The first code shows that the app has the secret. */
export async function confirmTotp(ports: Ports, owner: Owner, code: string): Promise<string[]> {
  const authenticator = await ports.secondFactors.find(owner);
  if (authenticator === undefined) {
    throw conflict("There is no enrolment to confirm: begin one by EnrollTotp.", { reason: "TOTP_NOT_STARTED" });
  }
  if (authenticator.confirmed) throw alreadyEnrolled();
  const step = matchingStep(authenticator.secret, code, ports.now());
  if (step === undefined) throw wrongCode();
  const { codes, hashes } = newRecoveryCodes();
  if (!(await ports.secondFactors.confirm(owner, authenticator, step, hashes))) {
    throw conflict("The enrolment was confirmed or begun anew at the same time. Look, then try again.", { reason: "TOTP_ENROLLED" });
  }
  return codes;
}

/** Takes the second factor away. Throws INVALID_CREDENTIALS, INVALID_TOTP_CODE, or NOT_FOUND with reason TOTP_NOT_ENROLLED. */
export async function disableTotp(ports: Ports, owner: Owner, password: string, code: string, client: Client): Promise<void> {
  const authenticator = await ports.secondFactors.find(owner);
  if (!authenticator?.confirmed) throw notFound("This account has no authenticator app.", { reason: "TOTP_NOT_ENROLLED" });
  const { attempt } = await proveOwnPassword(ports, owner, password, client);
  if (!(await acceptsCode(ports, owner, authenticator.secret, code))) {
    await recordFailure(ports, attempt, { userId: owner.id, factor: "totp" });
    throw wrongCode();
  }
  await ports.secondFactors.remove(owner);
  await recordSuccess(ports, attempt);
}

/** Under the guards of a sign-in: a stolen access token must not serve to guess the password. */
async function proveOwnPassword(ports: Ports, owner: Owner, password: string, client: Client): Promise<Proof> {
  const email = await ports.accounts.getEmail(owner.id, owner.tenantId);
  const credentials: Credentials = { tenantId: owner.tenantId, email, password, client };
  const proof = await provePassword(ports, credentials);
  if (proof.user.id !== owner.id) throw wrongCredentials();
  return proof;
}

function alreadyEnrolled() {
  return conflict("This account has an authenticator app already; disable it first.", { reason: "TOTP_ENROLLED" });
}
