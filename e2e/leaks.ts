import { ROOT } from "./local-platform.ts";
import type { RawAnswer } from "./raw-http.ts";

/** Put where passwords and tokens go; must never come back, nor be written down. */
export const SECRET_TEXT = "Zq7fuzzedSecretXv9";
export const SECRET_NUMBER = 7_315_926_048_213;

/** Whether a text shows one of the seeded secrets. */
export function showsSecret(text: string): boolean {
  return text.includes(SECRET_TEXT) || text.includes(String(SECRET_NUMBER));
}

/** What an error must not tell of the inside. */
const INSIDE: readonly (readonly [string, RegExp])[] = [
  ["a stack trace", /\n\s+at |\bat (async )?[\w.<>]+ \(/],
  ["a file path", new RegExp(`${ROOT}/|node_modules|file://|node:internal|\\.ts:\\d|/tmp/`)],
  [
    "SQL",
    /\b(select|insert|update|delete)\b.{0,80}\b(from|into|set|where)\b|relation "|column "|duplicate key|violates .* constraint|invalid byte sequence|invalid input syntax/i,
  ],
  [
    "words of a library",
    /TypeError|RangeError|ReferenceError|Cannot read propert|is not a function|ECONN|EPIPE|Maximum call stack|cannot (de|en)code|@bufbuild|undefined is not/,
  ],
];

/** What of the inside a text shows. */
export function insideOf(text: string): string[] {
  return INSIDE.filter(([, pattern]) => pattern.test(text)).map(([what]) => `shows ${what}`);
}

/** What is wrong with an answer to bad input; empty where nothing is. */
export function faultsOf(answer: RawAnswer): string[] {
  const faults: string[] = [];
  if (answer.status === 0) return [`no answer: ${answer.text.slice(0, 100)}`];
  if (showsSecret(answer.text)) faults.push("shows a secret");
  if (answer.status >= 200 && answer.status < 300) return faults;
  if (answer.status < 400 || answer.status >= 500) faults.push(`status ${answer.status}`);
  return [...faults, ...insideOf(answer.body), ...envelopeFaults(answer)];
}

function envelopeFaults({ body, headers }: RawAnswer): string[] {
  if (!headers.get("content-type")?.startsWith("application/json")) return [`content type ${headers.get("content-type")}`];
  // biome-ignore lint/suspicious/noExplicitAny: its form is what is checked
  let envelope: any;
  try {
    envelope = JSON.parse(body);
  } catch {
    return ["is no JSON"];
  }
  const error = envelope?.error;
  const wellFormed =
    envelope?.success === false &&
    typeof error?.code === "string" &&
    typeof error.message === "string" &&
    error.message !== "" &&
    typeof error.details?.reason === "string" &&
    typeof error.details.metadata === "object" &&
    typeof error.details.field_errors === "object" &&
    typeof envelope.meta?.request_id === "string";
  if (!wellFormed) return ["is no envelope"];
  if (error.code === "VALIDATION_ERROR" && Object.keys(error.details.field_errors).length === 0) return ["names no field"];
  return [];
}
