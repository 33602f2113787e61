import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const SECRET_BYTES = 32;

/** The secret in `file`; made of 32 random bytes in base64url, readable for the owner alone, when it is not there yet. */
export function ensureSecretFile(file: string): string {
  if (existsSync(file)) return readFileSync(file, "utf8").trim();
  const value = randomBytes(SECRET_BYTES).toString("base64url");
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // `wx`: of two starts at once, one writes and the other reads.
  try {
    writeFileSync(file, `${value}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return ensureSecretFile(file);
    throw error;
  }
  return value;
}
