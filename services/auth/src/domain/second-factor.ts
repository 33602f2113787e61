import { createHash, randomBytes } from "node:crypto";
import { Secret, TOTP } from "otpauth";

/** An authenticator app as it is enrolled. */
export interface Authenticator {
  readonly secret: Uint8Array;
  readonly confirmed: boolean;
  /** As it is stored: tells whether it was replaced meanwhile. */
  readonly sealed: Buffer;
}

const ALGORITHM = "SHA1";
const DIGITS = 6;
const PERIOD_SECONDS = 30;
/** RFC 4226 asks for 160 bits. */
const SECRET_BYTES = 20;
/** Steps of 30 s that a clock may be off, either way. */
const WINDOW = 1;

const RECOVERY_CODES = 10;
/** 80 bits: not to be guessed, not even from the hash. */
const RECOVERY_BYTES = 10;

export function newTotpSecret(): Uint8Array {
  return new Uint8Array(randomBytes(SECRET_BYTES));
}

/** The secret for people and for apps. */
export function totpEnrolment(secret: Uint8Array, issuer: string, label: string): { secret: string; uri: string } {
  const shared = secretOf(secret);
  const totp = new TOTP({ issuer, label, secret: shared, algorithm: ALGORITHM, digits: DIGITS, period: PERIOD_SECONDS });
  return { secret: shared.base32, uri: totp.toString() };
}

/** The time step a code belongs to; undefined for a wrong one. A step may be used once: the store sees to that. */
export function matchingStep(secret: Uint8Array, code: string, now: Date): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined;
  const timestamp = now.getTime();
  const settings = { secret: secretOf(secret), algorithm: ALGORITHM, digits: DIGITS, period: PERIOD_SECONDS, timestamp, window: WINDOW };
  const delta = TOTP.validate({ token: code, ...settings });
  return delta === null ? undefined : TOTP.counter({ period: PERIOD_SECONDS, timestamp }) + delta;
}

/** `abcd-efgh-ijkl-mnop`, shown once; only the hashes are kept. */
export function newRecoveryCodes(): { codes: string[]; hashes: Buffer[] } {
  const codes = Array.from({ length: RECOVERY_CODES }, () => {
    const text = secretOf(new Uint8Array(randomBytes(RECOVERY_BYTES))).base32.toLowerCase();
    return (text.match(/.{4}/g) ?? []).join("-");
  });
  return { codes, hashes: codes.map(hashOfRecoveryCode) };
}

/** However it was typed: case, dashes and spaces do not matter. */
export function hashOfRecoveryCode(code: string): Buffer {
  return createHash("sha256").update(code.toLowerCase().replaceAll(/[\s-]/g, "")).digest();
}

function secretOf(bytes: Uint8Array): Secret {
  return new Secret({ buffer: bytes.slice().buffer });
}
