import { pbkdf2, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import bcrypt from "bcrypt";
import { fromPhc } from "./phc.ts";

const scryptAsync = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt);
const pbkdf2Async = promisify(pbkdf2);

/** Bounds what an imported hash may cost us to check. */
const MAX_SCRYPT_BYTES = 256 * 1024 * 1024;
const MAX_PBKDF2_ITERATIONS = 5_000_000;
const MAX_BCRYPT_COST = 16;

/** Checks hashes of other systems: `$2b$12$…`. bcrypt itself looks at the first 72 bytes only. */
export async function verifyBcrypt(password: string, hash: string): Promise<boolean> {
  if (Number(hash.slice(4, 6)) > MAX_BCRYPT_COST) throw new Error(`A bcrypt hash with a cost over ${MAX_BCRYPT_COST} is not accepted.`);
  // PHP writes $2y$ for what is $2b$ everywhere else.
  return bcrypt.compare(password, hash.replace(/^\$2y\$/, "$2b$"));
}

/** `$scrypt$ln=15,r=8,p=1$salt$hash`, ln being the logarithm of N to base 2. */
export async function verifyScrypt(password: string, text: string): Promise<boolean> {
  const { parameters, salt, hash } = fromPhc(text);
  const { ln = 0, r = 0, p = 0 } = parameters;
  const cost = 2 ** ln;
  if (ln > 30 || 128 * cost * r * p > MAX_SCRYPT_BYTES) throw new Error("A scrypt hash that needs over 256 MiB is not accepted.");
  return timingSafeEqual(await scryptAsync(password, salt, hash.length, { N: cost, r, p, maxmem: 2 * MAX_SCRYPT_BYTES }), hash);
}

/** `$pbkdf2-sha256$i=600000$salt$hash`, sha512 likewise. */
export async function verifyPbkdf2(password: string, text: string): Promise<boolean> {
  const { scheme, parameters, salt, hash } = fromPhc(text);
  const { i = 0 } = parameters;
  if (i < 1 || i > MAX_PBKDF2_ITERATIONS) throw new Error("A PBKDF2 hash needs 1 to 5,000,000 iterations.");
  return timingSafeEqual(await pbkdf2Async(password, salt, i, hash.length, scheme.slice("pbkdf2-".length)), hash);
}
