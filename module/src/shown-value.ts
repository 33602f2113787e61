import type { FieldPath } from "./field-path.ts";

const HIDDEN = "(hidden)";
const MAX_LENGTH = 80;

const SECRET_KEY =
  /pass(word|wd|phrase)?$|secret|token|credential|private|api[-_]?key|access[-_]?key|auth(orization)?$|\bpin$|dsn$|cookie/i;

// URLs with a password, PEM blocks, JSON Web Tokens, and the prefixes of well-known access keys.
const SECRET_VALUE =
  /:\/\/[^/\s:@]*:[^@\s]+@|-----BEGIN|^eyJ[\w-]+\.[\w-]+|^(sk|pk|rk|ghp|gho|ghs|xox[abp]|AKIA|ASIA|AIza|glpat|npm)[-_A-Z0-9]/;

/** From this length on, a single word of mixed letters and digits is taken for a key. */
const MIN_KEY_LENGTH = 20;

/**
 * A value as a message may show it: one line, shortened, and hidden when it is or may be a secret (everything under `spec.secrets`,
 * under a key that speaks of secrets, or that looks like one).
 */
export function showValue(value: unknown, path: FieldPath): string {
  if (value === undefined) return "(none)";
  if (path[0] === "spec" && path[1] === "secrets") return HIDDEN;
  // The codes and names that Plinth itself defines are never secrets, even if one is called identity.token.revoke.
  if (isFreeForm(path) && path.some((step) => typeof step === "string" && SECRET_KEY.test(step))) return HIDDEN;
  if (typeof value === "string") return looksSecret(value) ? HIDDEN : shorten(value);
  if (Array.isArray(value)) return value.length === 1 ? "a list of 1 entry" : `a list of ${value.length} entries`;
  if (typeof value === "object" && value !== null) return `fields ${shorten(Object.keys(value).slice(0, 8).join(", ")) || "(none)"}`;
  return shorten(String(value));
}

const DEFINED_TEXTS = ["version", "dependencies", "permissions", "roles", "routes", "calls", "events", "ports"];

function isFreeForm(path: FieldPath): boolean {
  if (path[0] === "spec" && typeof path[1] === "string" && DEFINED_TEXTS.includes(path[1])) {
    // An unknown field below a known one may still be anything.
    return typeof path.at(-1) === "string" && SECRET_KEY.test(String(path.at(-1)));
  }
  return true;
}

function looksSecret(value: string): boolean {
  const start = value.slice(0, 4096);
  if (SECRET_VALUE.test(start)) return true;
  return (
    start.length >= MIN_KEY_LENGTH && /^[A-Za-z0-9+/=_-]+$/.test(start) && /[0-9]/.test(start) && /[a-z]/i.test(start) && !/^\//.test(start)
  );
}

function shorten(text: string): string {
  const line = JSON.stringify(text.slice(0, MAX_LENGTH + 1))
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll("\\\\", "\\");
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH - 1)}…` : line;
}
