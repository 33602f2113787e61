import { randomFillSync } from "node:crypto";
import { type PlinthError, validation } from "./errors.ts";

/**
 * TypeIDs (github.com/jetify-com/typeid, specification 0.3): a readable prefix and a UUIDv7 in Crockford's base32, such as
 * `prod_01h455vb4pex5vsknk084sn02q`. They sort by the time of their making, and a prefix can be searched for in logs.
 */

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const PREFIX = /^[a-z](?:[a-z_]{0,61}[a-z])?$/;
/** 26 digits of 5 bits are 130 bits, so the first may not exceed 7. */
const SUFFIX = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;
const SUFFIX_LENGTH = 26;
const COUNTER_LIMIT = 0xfff;

const DIGIT_OF = new Uint8Array(128).fill(255);
for (let digit = 0; digit < 32; digit++) DIGIT_OF[ALPHABET.charCodeAt(digit)] = digit;

/** Random bytes are drawn for many ids at once: a call into the system for each costs more than all the rest. */
const pool = new Uint8Array(10 * 256);
let poolOffset = pool.length;
const scratch = new Uint8Array(16);

let lastMs = 0;
let counter = 0;

/**
 * A new id. Within one process ids grow strictly, also inside a millisecond and when the clock steps back: a 12-bit counter
 * (RFC 9562, method 1), seeded below its middle each millisecond, borrows the next millisecond when it overflows.
 */
export function newId(prefix: string): string {
  assertPrefix(prefix);
  fillUuidV7(scratch, Date.now());
  return joined(prefix, encode(scratch));
}

/**
 * Checks that `text` is an id with `prefix` and gives it back. The error is a VALIDATION_ERROR on `field`, fit to be sent to the
 * client as it is.
 */
export function parseId(prefix: string, text: string, field = "id"): string {
  if (!isId(prefix, text)) throw refused(prefix, text, field);
  return text;
}

/** True when `text` is an id with `prefix`. */
export function isId(prefix: string, text: string): boolean {
  const start = prefix === "" ? 0 : prefix.length + 1;
  return text.length === start + SUFFIX_LENGTH && text.startsWith(prefix === "" ? "" : `${prefix}_`) && SUFFIX.test(text.slice(start));
}

/** The prefix and the UUID (lower case, with dashes) inside an id of any prefix. */
export function splitId(text: string): { prefix: string; uuid: string } {
  const separator = text.lastIndexOf("_");
  const prefix = separator < 0 ? "" : text.slice(0, separator);
  const suffix = text.slice(separator + 1);
  if ((separator >= 0 && !PREFIX.test(prefix)) || !SUFFIX.test(suffix)) throw refused("", text, "id");
  return { prefix, uuid: dashed(decode(suffix)) };
}

/** The id with `prefix` for a UUID made elsewhere. */
export function idFromUuid(prefix: string, uuid: string): string {
  assertPrefix(prefix);
  const hex = uuid.replaceAll("-", "");
  if (!/^[0-9a-f]{32}$/i.test(hex)) throw validation({ uuid: "must be a UUID of 32 hexadecimal digits" });
  return joined(prefix, encode(Buffer.from(hex, "hex")));
}

/** What all ids with `prefix` that are made from this moment on are greater than, ms since the epoch; those made before are less. */
export function idAtTime(prefix: string, ms: number): string {
  return idFromUuid(prefix, Math.max(0, ms).toString(16).padStart(12, "0") + "0".repeat(20));
}

function joined(prefix: string, suffix: string): string {
  return prefix === "" ? suffix : `${prefix}_${suffix}`;
}

const knownPrefixes = new Set<string>([""]);

/** Prefixes are constants of the code; each is checked once. */
function assertPrefix(prefix: string): void {
  if (knownPrefixes.has(prefix)) return;
  if (!PREFIX.test(prefix)) throw new Error(`"${prefix}" is no id prefix: 1 to 63 of a-z and _, beginning and ending with a letter.`);
  if (knownPrefixes.size < 1000) knownPrefixes.add(prefix);
}

function refused(prefix: string, text: string, field: string): PlinthError {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  const form = prefix === "" ? "26 base32 digits" : `"${prefix}_" and 26 base32 digits`;
  return validation({
    [field]: `must be an id of the form ${form}, such as ${joined(prefix, "01h455vb4pex5vsknk084sn02q")}; got "${shown}"`,
  });
}

function fillUuidV7(bytes: Uint8Array, now: number): void {
  if (poolOffset + 10 > pool.length) {
    randomFillSync(pool);
    poolOffset = 0;
  }
  for (let index = 6; index < 16; index++) bytes[index] = pool[poolOffset++] as number;
  if (now > lastMs) {
    lastMs = now;
    counter = (((bytes[6] as number) << 8) | (bytes[7] as number)) & (COUNTER_LIMIT >> 1);
  } else if (counter < COUNTER_LIMIT) {
    counter++;
  } else {
    lastMs++;
    counter = 0;
  }
  const high = Math.floor(lastMs / 0x1_0000_0000);
  bytes[0] = (high >> 8) & 0xff;
  bytes[1] = high & 0xff;
  bytes[2] = (lastMs >>> 24) & 0xff;
  bytes[3] = (lastMs >>> 16) & 0xff;
  bytes[4] = (lastMs >>> 8) & 0xff;
  bytes[5] = lastMs & 0xff;
  bytes[6] = 0x70 | (counter >> 8);
  bytes[7] = counter & 0xff;
  bytes[8] = 0x80 | ((bytes[8] as number) & 0x3f);
}

/** 128 bits, most significant first, with two zero bits in front. */
function encode(bytes: Uint8Array): string {
  let text = "";
  let held = 0;
  let bits = 2;
  for (let index = 0; index < 16; index++) {
    held = (held << 8) | (bytes[index] as number);
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(held >>> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return text;
}

function decode(suffix: string): Uint8Array {
  const bytes = new Uint8Array(16);
  let held = 0;
  let bits = -2;
  let at = 0;
  for (let index = 0; index < SUFFIX_LENGTH; index++) {
    held = (held << 5) | (DIGIT_OF[suffix.charCodeAt(index)] as number);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (held >>> bits) & 0xff;
      held &= (1 << bits) - 1;
    }
  }
  return bytes;
}

function dashed(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
