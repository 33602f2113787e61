import { createPrivateKey, generateKeyPair, type KeyObject, randomUUID } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Clock, systemClock } from "../base/clock.ts";
import { withFolderLock } from "./folder-lock.ts";
import { type Jwks, type PublicJwk, publicJwk } from "./jwks.ts";
import { MAX_TOKEN_LIFE_MS } from "./token-life.ts";

/**
 * A module's key pair in a folder: `<folder>/<module>/private.pem` (0600) signs, `<folder>/<module>/jwks.json` is read by everybody else.
 * Files are replaced by renaming, so that a reader sees the old or the new one and nothing between.
 */

const PRIVATE_FILE = "private.pem";
const JWKS_FILE = "jwks.json";
const MODULE_NAME = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
/** A replaced key is published until its last token has expired, and a little longer for clocks that differ. */
const OVERLAP_MS = MAX_TOKEN_LIFE_MS + 60_000;

export interface SigningKey {
  readonly kid: string;
  readonly key: KeyObject;
}

/** Makes the module's key pair where there is none, and completes what an interrupted rotation left. */
export async function ensureModuleKeys(folder: string, module: string, clock: Clock = systemClock): Promise<void> {
  const own = moduleFolder(folder, module);
  await withFolderLock(own, async () => {
    const current = (await findPrivateKey(own)) ?? (await createPrivateKeyFile(own));
    await publish(own, publicJwk(current), undefined, clock);
  });
}

/** Replaces the module's key. Tokens of the old one stay valid until they expire. Answers the new key's id. */
export async function rotateModuleKeys(folder: string, module: string, clock: Clock = systemClock): Promise<string> {
  const own = moduleFolder(folder, module);
  return await withFolderLock(own, async () => {
    const old = await findPrivateKey(own);
    if (old === undefined) {
      const first = publicJwk(await createPrivateKeyFile(own));
      await publish(own, first, undefined, clock);
      return first.kid;
    }
    // The new public key must be readable before the first token of the new private one can be seen.
    const next = await newPrivateKey();
    const jwk = publicJwk(next);
    await publish(own, publicJwk(old), jwk, clock);
    await writePrivateKey(own, next);
    await publish(own, jwk, undefined, clock);
    return jwk.kid;
  });
}

/** The key that signs now. Read again for each new token, which is rare, so that a rotation by another process is followed. */
export async function readSigningKey(folder: string, module: string): Promise<SigningKey> {
  const key = await findPrivateKey(moduleFolder(folder, module));
  if (key === undefined) throw new Error(`Module ${module} has no private key in ${folder}: ensureModuleKeys makes one.`);
  return { key, kid: publicJwk(key).kid };
}

/** Where a module's public keys are. */
export function jwksFile(folder: string, module: string): string {
  return join(moduleFolder(folder, module), JWKS_FILE);
}

/** A name that is no DNS label could lead out of the folder. */
export function isModuleName(name: string): boolean {
  return MODULE_NAME.test(name);
}

function moduleFolder(folder: string, module: string): string {
  if (!isModuleName(module)) throw new Error(`"${module.slice(0, 80)}" is no module name.`);
  return join(folder, module);
}

async function findPrivateKey(own: string): Promise<KeyObject | undefined> {
  const pem = await findFile(join(own, PRIVATE_FILE));
  return pem === undefined ? undefined : createPrivateKey(pem);
}

async function createPrivateKeyFile(own: string): Promise<KeyObject> {
  const key = await newPrivateKey();
  await writePrivateKey(own, key);
  return key;
}

async function newPrivateKey(): Promise<KeyObject> {
  return (await promisify(generateKeyPair)("rsa", { modulusLength: 2048 })).privateKey;
}

function writePrivateKey(own: string, key: KeyObject): Promise<void> {
  return replaceFile(join(own, PRIVATE_FILE), key.export({ format: "pem", type: "pkcs8" }) as string, 0o600);
}

/** Publishes `current`, `next` if given, and those of before until their last token has expired. */
async function publish(own: string, current: PublicJwk, next: PublicJwk | undefined, clock: Clock): Promise<void> {
  const nowSeconds = Math.floor(clock.now() / 1000);
  const path = join(own, JWKS_FILE);
  const text = await findFile(path);
  const published = text === undefined ? [] : readPublished(text);
  const retired = published
    .filter((key) => key.kid !== current.kid && key.kid !== next?.kid)
    .map((key) => ({ ...key, exp: key.exp ?? nowSeconds + OVERLAP_MS / 1000 }))
    .filter((key) => key.exp > nowSeconds);
  const keys = [...(next === undefined ? [] : [next]), current, ...retired];
  const renewed = `${JSON.stringify({ keys }, undefined, 2)}\n`;
  if (renewed !== text) await replaceFile(path, renewed, 0o644);
}

/** A broken document is replaced: what matters is that the current key is published. */
function readPublished(text: string): Jwks["keys"] {
  try {
    const { keys } = JSON.parse(text) as Partial<Jwks>;
    return Array.isArray(keys) ? keys : [];
  } catch {
    return [];
  }
}

async function findFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const unfinished = `${path}.${randomUUID()}`;
  try {
    await writeFile(unfinished, text, { mode, flush: true });
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
