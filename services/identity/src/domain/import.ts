import { newId, PlinthError, validation } from "@plinth/kernel/base";
import type { Ports } from "./ports.ts";
import { newUser, type Profile, type User } from "./user.ts";

export interface ImportedUser extends Profile {
  readonly emailVerified: boolean;
  /** In PHC or modular crypt format; empty: the user sets a password by mail at the first visit. */
  readonly passwordHash: string;
}

export interface ImportFailure {
  /** Position in the request, from 0. */
  readonly index: number;
  readonly reason: string;
  readonly message: string;
}

/** Imports what can be imported, each user in a transaction of its own, and reports the rest. No mail is sent. */
export async function importUsers(ports: Ports, tenantId: string, users: readonly ImportedUser[]): Promise<ImportFailure[]> {
  const failures: ImportFailure[] = [];
  for (const [index, imported] of users.entries()) {
    try {
      await importUser(ports, tenantId, imported);
    } catch (error) {
      if (!(error instanceof PlinthError) || error.code === "SERVICE_UNAVAILABLE") throw error;
      failures.push({ index, reason: error.reason, message: error.message });
    }
  }
  return failures;
}

async function importUser(ports: Ports, tenantId: string, imported: ImportedUser): Promise<void> {
  const passwordHash = imported.passwordHash === "" ? undefined : imported.passwordHash;
  if (passwordHash !== undefined && ports.hasher.schemeOf(passwordHash) === undefined) {
    throw validation(
      { password_hash: "must be an argon2id, bcrypt, scrypt or PBKDF2 hash in PHC or modular crypt format" },
      { reason: "HASH_UNKNOWN" },
    );
  }
  const user: User = { ...newUser(newId("user"), tenantId, imported, ports.now()), emailVerified: imported.emailVerified };
  await ports.users.insert({ user, passwordHash, mail: undefined });
}
