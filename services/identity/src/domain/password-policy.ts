import { validation } from "@plinth/kernel/base";

/** NIST SP 800-63B section 3.1.1.2: length, no composition rules, and nothing that is known from breaches. */
export const MIN_PASSWORD_CHARACTERS = 8;
export const MAX_PASSWORD_CHARACTERS = 128;

export interface BreachedPasswords {
  has(password: string): boolean;
}

/** @param field The request's field that holds the password, for the error. */
export function checkPassword(
  password: string,
  owner: { email: string; username?: string | undefined },
  breached: BreachedPasswords,
  field: string,
): void {
  const characters = [...password].length;
  if (characters < MIN_PASSWORD_CHARACTERS || characters > MAX_PASSWORD_CHARACTERS) {
    throw validation({ [field]: `must have ${MIN_PASSWORD_CHARACTERS} to ${MAX_PASSWORD_CHARACTERS} characters` });
  }
  const lower = password.toLowerCase();
  const ownWords = [owner.email, owner.email.split("@", 1)[0], owner.username].filter((word) => word).map((word) => word?.toLowerCase());
  if (ownWords.includes(lower)) throw validation({ [field]: "must differ from the email address and the user name" });
  if (breached.has(lower)) {
    throw validation(
      { [field]: "is known from data breaches; choose another one, for example four random words" },
      { reason: "PASSWORD_BREACHED" },
    );
  }
}
