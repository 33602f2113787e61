import { conflict } from "@plinth/kernel/base";

export type UserStatus = "active" | "blocked" | "deleted";

export interface User {
  readonly id: string;
  readonly tenantId: string;
  /** As the user wrote it. */
  readonly email: string;
  readonly username: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly emailVerified: boolean;
  /** BCP 47. */
  readonly locale: string;
  readonly status: UserStatus;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface Profile {
  readonly email: string;
  readonly username?: string | undefined;
  readonly firstName: string;
  readonly lastName: string;
  readonly locale?: string | undefined;
}

export interface UserChange {
  readonly email?: string | undefined;
  readonly username?: string | undefined;
  readonly firstName?: string | undefined;
  readonly lastName?: string | undefined;
  readonly locale?: string | undefined;
  readonly status?: "active" | "blocked" | undefined;
}

export function newUser(id: string, tenantId: string, profile: Profile, now: Date): User {
  return {
    id,
    tenantId,
    email: profile.email.trim(),
    username: profile.username ?? "",
    firstName: profile.firstName.trim(),
    lastName: profile.lastName.trim(),
    emailVerified: false,
    locale: profile.locale ?? "en",
    status: "active",
    createdAt: now,
    updatedAt: now,
  };
}

/** Absent fields stay. A new address is unverified until its owner proves to read mail there. */
export function changeUser(user: User, change: UserChange, now: Date): User {
  refuseDeleted(user);
  const email = change.email?.trim() ?? user.email;
  return {
    ...user,
    email,
    username: change.username ?? user.username,
    firstName: change.firstName?.trim() ?? user.firstName,
    lastName: change.lastName?.trim() ?? user.lastName,
    locale: change.locale ?? user.locale,
    status: change.status ?? user.status,
    emailVerified: user.emailVerified && folded(email) === folded(user.email),
    updatedAt: now,
  };
}

export function verifyEmail(user: User, now: Date): User {
  refuseDeleted(user);
  return { ...user, emailVerified: true, updatedAt: now };
}

/** Personal data goes; the id stays, so that what refers to it still has a meaning. */
export function eraseUser(user: User, now: Date): User {
  refuseDeleted(user);
  return {
    ...user,
    email: `${user.id}@deleted.invalid`,
    username: "",
    firstName: "",
    lastName: "",
    emailVerified: false,
    locale: "en",
    status: "deleted",
    updatedAt: now,
  };
}

/** How addresses and user names are compared: case does not matter, nor how an accented letter is composed. */
export function folded(text: string): string {
  return text.trim().normalize("NFKC").toLowerCase();
}

function refuseDeleted(user: User): void {
  if (user.status === "deleted") throw conflict(`User ${user.id} is deleted.`, { reason: "USER_DELETED" });
}
