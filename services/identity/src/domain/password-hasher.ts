/** Makes and checks password hashes; every hash carries its scheme and parameters. */
export interface PasswordHasher {
  hash(password: string): Promise<string>;
  /** False for a wrong password. Throws for a hash of an unknown scheme. */
  verify(password: string, hash: string): Promise<boolean>;
  /** Costs what a real check costs, and always fails: so that unknown users take as long as known ones. */
  verifyNothing(password: string): Promise<false>;
  /** True when the hash is weaker than, or of another scheme than, what `hash` makes now. */
  isOutdated(hash: string): boolean;
  /** The scheme's name where we can verify it: `argon2id`, `bcrypt`, `scrypt`, `pbkdf2-sha256`. */
  schemeOf(hash: string): string | undefined;
}
