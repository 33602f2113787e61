import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { fromPhc, type PhcHash, toPhc } from "./phc.ts";

/** RFC 9106 parameters: memory in KiB, passes, lanes. */
export interface Argon2Cost {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly parallelism: number;
}

const argon2Async = promisify(argon2) as (algorithm: "argon2id", parameters: Argon2Parameters) => Promise<Buffer>;

const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** The version number of RFC 9106, 0x13. */
const VERSION = 19;
/** An imported hash may not make us allocate without bound. */
const MAX_MEMORY_KIB = 1024 * 1024;

export async function hashArgon2(password: string, cost: Argon2Cost): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, cost, HASH_BYTES);
  return toPhc({
    scheme: "argon2id",
    version: VERSION,
    parameters: { m: cost.memoryKiB, t: cost.passes, p: cost.parallelism },
    salt,
    hash,
  });
}

export async function verifyArgon2(password: string, text: string): Promise<boolean> {
  const phc = fromPhc(text);
  const actual = await derive(password, phc.salt, costOf(phc), phc.hash.length);
  return timingSafeEqual(actual, phc.hash);
}

export function argon2CostOf(text: string): Argon2Cost {
  return costOf(fromPhc(text));
}

function costOf({ scheme, parameters }: PhcHash): Argon2Cost {
  const { m, t, p } = parameters;
  if (scheme !== "argon2id" || !m || !t || !p || m > MAX_MEMORY_KIB) throw new Error("Not an argon2id hash with usable parameters.");
  return { memoryKiB: m, passes: t, parallelism: p };
}

function derive(password: string, nonce: Buffer, cost: Argon2Cost, tagLength: number): Promise<Buffer> {
  return argon2Async("argon2id", {
    message: password.normalize("NFKC"),
    nonce,
    tagLength,
    memory: cost.memoryKiB,
    passes: cost.passes,
    parallelism: cost.parallelism,
  });
}
