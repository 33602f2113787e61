import type { PasswordHasher } from "../domain/password-hasher.ts";
import { type Argon2Cost, argon2CostOf, hashArgon2, verifyArgon2 } from "./argon2.ts";
import type { HashingPool } from "./hashing-pool.ts";
import { verifyBcrypt, verifyPbkdf2, verifyScrypt } from "./imported-hashes.ts";

type Verify = (password: string, hash: string) => Promise<boolean>;

const SCHEMES: readonly { readonly name: string; readonly pattern: RegExp; readonly verify: Verify }[] = [
  { name: "argon2id", pattern: /^\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/, verify: verifyArgon2 },
  { name: "bcrypt", pattern: /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/, verify: verifyBcrypt },
  { name: "scrypt", pattern: /^\$scrypt\$ln=\d+,r=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/, verify: verifyScrypt },
  { name: "pbkdf2-sha256", pattern: /^\$pbkdf2-sha256\$i=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/, verify: verifyPbkdf2 },
  { name: "pbkdf2-sha512", pattern: /^\$pbkdf2-sha512\$i=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/, verify: verifyPbkdf2 },
];

/** Hashes with argon2id at `cost`; verifies that and the schemes of other systems. */
export function createPasswordHasher(cost: Argon2Cost, pool: HashingPool): PasswordHasher {
  // Made at the first need: nobody waits for it at start.
  let decoy: Promise<string> | undefined;
  const verify: Verify = async (password, hash) => {
    const scheme = SCHEMES.find(({ pattern }) => pattern.test(hash));
    if (!scheme) throw new Error("A stored password hash is of no scheme that we know.");
    return pool.run(() => scheme.verify(password, hash));
  };
  return {
    hash: (password) => pool.run(() => hashArgon2(password, cost)),
    verify,
    async verifyNothing(password) {
      decoy ??= pool.run(() => hashArgon2("nobody's password", cost));
      await verify(password, await decoy);
      return false;
    },
    isOutdated(hash) {
      if (!hash.startsWith("$argon2id$")) return true;
      const { memoryKiB, passes, parallelism } = argon2CostOf(hash);
      return memoryKiB < cost.memoryKiB || passes < cost.passes || parallelism < cost.parallelism;
    },
    schemeOf: (hash) => SCHEMES.find(({ pattern }) => pattern.test(hash))?.name,
  };
}
