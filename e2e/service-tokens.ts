import { createHmac, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { LocalPlatform } from "./local-platform.ts";

/** A JWT, right or forged; made without the platform's own code. */
export interface TokenParts {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** What `module` would call `callee` with, but for what `parts` changes. */
export async function serviceToken(platform: LocalPlatform, module: string, callee: string, parts: TokenParts = {}): Promise<string> {
  const pem = await readFile(join(platform.dataFolder, "identity", module, "private.pem"), "utf8");
  return signedWith(pem, await keyIdOf(platform, module), module, callee, parts);
}

/** Signed with any RSA key. */
export function signedWith(pem: string, kid: string, module: string, callee: string, { header, claims }: TokenParts = {}): string {
  const text = unsigned(kid, module, callee, { ...(header !== undefined && { header }), ...(claims !== undefined && { claims }) });
  return `${text}.${sign("RSA-SHA256", Buffer.from(text), createPrivateKey(pem)).toString("base64url")}`;
}

/** HS256 with the public key as its secret: what a verifier falls for that lets the token choose the algorithm. */
export async function signedWithPublicKey(platform: LocalPlatform, module: string, callee: string): Promise<string> {
  const pem = await readFile(join(platform.dataFolder, "identity", module, "private.pem"), "utf8");
  const publicPem = createPublicKey(pem).export({ format: "pem", type: "spki" });
  const text = unsigned(await keyIdOf(platform, module), module, callee, { header: { alg: "HS256" } });
  return `${text}.${createHmac("sha256", publicPem).update(text).digest("base64url")}`;
}

export function unsigned(kid: string, module: string, callee: string, { header, claims }: TokenParts = {}): string {
  const now = Math.floor(Date.now() / 1000);
  const standard = { iss: "plinth.dev/modules", sub: module, aud: callee, iat: now, exp: now + 240 };
  return `${part({ alg: "RS256", typ: "JWT", kid, ...header })}.${part({ ...standard, ...claims })}`;
}

export async function keyIdOf(platform: LocalPlatform, module: string): Promise<string> {
  const jwks = JSON.parse(await readFile(join(platform.dataFolder, "identity", module, "jwks.json"), "utf8")) as {
    keys: { kid: string }[];
  };
  return jwks.keys[0]?.kid ?? "";
}
