/**
 * Which names stand for values that must not be shown. One list for log fields, configuration keys and error metadata, so that a
 * secret cannot slip through the one that was forgotten.
 */

export type Sensitivity = "none" | "secret" | "email" | "phone";

/** Compared in lower case without `_`, `-` and `.`; a name that ends with one of these is as secret as the word itself. */
const SECRET_ENDINGS = [
  "password",
  "passwd",
  "passphrase",
  "secret",
  "secrets",
  "token",
  "tokens",
  "authorization",
  "cookie",
  "cookies",
  "apikey",
  "privatekey",
  "secretkey",
  "signingkey",
  "credential",
  "credentials",
  "passwordhash",
  "tokenhash",
  "recoverycodes",
  "otp",
  "cvc",
  "cvv",
  "cardnumber",
  "iban",
];
/** End like a secret, but are none. */
const HARMLESS = new Set(["pagetoken", "nextpagetoken"]);
const EMAIL_ENDINGS = ["email", "emailaddress", "recipient"];
const PHONE_ENDINGS = ["phone", "phonenumber", "mobile"];

const known = new Map<string, Sensitivity>();
/** Names come from code mostly; the bound is for those that come from outside, such as header names. */
const KNOWN_LIMIT = 5000;

/** What a value under this name is. Answers of names seen before come from a table. */
export function sensitivityOf(name: string): Sensitivity {
  const remembered = known.get(name);
  if (remembered !== undefined) return remembered;
  const found = classify(name.toLowerCase().replaceAll(/[-_.\s]/g, ""));
  if (known.size < KNOWN_LIMIT) known.set(name, found);
  return found;
}

/** `bob@example.com` → `b***@example.com`: enough to recognise one's own, too little to write to. */
export function maskEmail(text: string): string {
  const at = text.lastIndexOf("@");
  return at <= 0 ? "***" : `${text[0]}***${text.slice(at)}`;
}

/** Keeps the last two digits. */
export function maskPhone(text: string): string {
  return text.length < 5 ? "***" : `***${text.slice(-2)}`;
}

const JWT = /\beyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*)?/g;
const BEARER = /\b(Bearer|Basic) [\w.~+/=-]{6,}/gi;
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s@]+@/gi;

/** Removes what is recognisable as a secret inside a text: JWTs, authorization values, passwords in URLs. */
export function scrubText(text: string): string {
  let scrubbed = text;
  if (scrubbed.includes("eyJ")) scrubbed = scrubbed.replace(JWT, "[redacted]");
  if (scrubbed.includes("earer ") || scrubbed.includes("asic ")) scrubbed = scrubbed.replace(BEARER, "$1 [redacted]");
  if (scrubbed.includes("://")) scrubbed = scrubbed.replace(URL_PASSWORD, "$1:[redacted]@");
  return scrubbed;
}

function classify(name: string): Sensitivity {
  if (HARMLESS.has(name)) return "none";
  if (SECRET_ENDINGS.some((ending) => name.endsWith(ending))) return "secret";
  if (EMAIL_ENDINGS.some((ending) => name.endsWith(ending))) return "email";
  if (PHONE_ENDINGS.some((ending) => name.endsWith(ending))) return "phone";
  return "none";
}
