import type { Page, PageRequest } from "@plinth/kernel/base";
import type { OneTimeToken } from "./one-time-token.ts";
import type { User, UserStatus } from "./user.ts";

/** A mail that goes out if and only if the change commits. */
export interface AccountMail {
  readonly template: "verify-email" | "reset-password";
  readonly to: string;
  readonly locale: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly token: OneTimeToken;
}

export interface NewAccount {
  readonly user: User;
  /** Undefined: the user sets one by the reset mail. */
  readonly passwordHash: string | undefined;
  readonly mail: AccountMail | undefined;
}

export interface UserFilter {
  /** Beginning of the address or user name, case folded. */
  readonly prefix?: string | undefined;
  readonly status?: UserStatus | undefined;
}

export interface PasswordChange {
  readonly hash: string;
  readonly cause: "change" | "reset";
  /** The session that goes on; every other one ends. */
  readonly keptSessionId: string;
}

/** Each change writes rows, event, audit entry and mail in one transaction. Methods see only the current tenant unless they say otherwise. */
export interface UserStore {
  /**
   * Throws CONFLICT, reason EMAIL_TAKEN or USERNAME_TAKEN.
   * @param beforeCommit Runs inside the transaction; what it throws undoes the account.
   */
  insert(account: NewAccount, beforeCommit?: () => Promise<void>): Promise<void>;
  findUser(id: string): Promise<User | undefined>;
  findByEmail(email: string, tenantId?: string): Promise<User | undefined>;
  findPasswordHash(userId: string, tenantId: string): Promise<string | undefined>;
  listUsers(filter: UserFilter, page: PageRequest): Promise<Page<User>>;
  /** Applies `decide` to the locked row. Throws NOT_FOUND, reason USER_NOT_FOUND. */
  change(id: string, decide: (user: User) => User): Promise<User>;
  /** Erases personal data, password and tokens. */
  erase(id: string, decide: (user: User) => User): Promise<void>;
  sendMail(mail: AccountMail): Promise<void>;
  /** Spends the token and verifies its address, in whatever tenant it lives. False: unknown, spent, expired, or for an older address. */
  spendVerification(tokenHash: Buffer, now: Date, decide: (user: User) => User): Promise<User | undefined>;
  /** Who a live reset token belongs to; does not spend it. */
  findResetOwner(tokenHash: Buffer, now: Date): Promise<User | undefined>;
  /** Spends the reset token and every other one of the user, and sets the password. False: somebody was faster. */
  spendReset(tokenHash: Buffer, user: User, change: PasswordChange, now: Date): Promise<boolean>;
  setPassword(user: User, change: PasswordChange, now: Date): Promise<void>;
  /** A better hash of the same password: no event, no audit entry; left alone when the hash changed meanwhile. */
  upgradeHash(user: User, from: string, to: string): Promise<void>;
  listHistory(userId: string): Promise<{ action: string; at: Date }[]>;
}
