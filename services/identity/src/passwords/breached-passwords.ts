import type { BreachedPasswords } from "../domain/password-policy.ts";

/** The 49,000 most common passwords of public breaches, as the package of the zxcvbn project carries them; read at first use. */
export function loadBreachedPasswords(): () => Promise<BreachedPasswords> {
  let loading: Promise<BreachedPasswords> | undefined;
  return () => {
    loading ??= import("@zxcvbn-ts/language-common").then(({ dictionary }) => new Set(dictionary["passwords-common"]));
    return loading;
  };
}
