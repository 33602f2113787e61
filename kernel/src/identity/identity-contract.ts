import { createHmac, generateKeyPairSync, type KeyObject } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import jsonwebtoken, { type SignOptions } from "jsonwebtoken";
import type { ManualClock } from "../base/clock.ts";
import type { ServiceIdentity } from "./identity.ts";
import { publicJwk } from "./jwks.ts";

export interface KeyPair {
  readonly kid: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** A driver under test: blog calls authz. */
export interface IdentityUnderTest {
  readonly clock: ManualClock;
  readonly blog: ServiceIdentity;
  readonly authz: ServiceIdentity;
  /** What a token of blog for authz claims, and who signs it. */
  readonly claims: Readonly<{ iss: string; sub: string; aud: unknown; iat: number; exp: number }>;
  readonly signer: KeyPair;
  /** From now on tokens of blog are signed with this key too; callees have not been told. */
  publish(key: KeyPair): void;
  /** Nobody signs with the signer's key any more, and the callees learn of it. */
  withdraw(): Promise<void>;
  close(): Promise<void>;
}

export function aKeyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { publicKey, privateKey, kid: publicJwk(publicKey).kid };
}

export const INVALID = { code: "UNAUTHORIZED", reason: "INVALID_TOKEN" };

/** What `verify` answers or throws, whether at once or later. */
export async function refusal(verify: () => string | Promise<string>): Promise<unknown> {
  try {
    return await verify();
  } catch (error) {
    return error;
  }
}

const foreign = aKeyPair();
const added = aKeyPair();
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** What every driver of `ServiceIdentity` must do. */
export function describeIdentity(name: string, start: () => Promise<IdentityUnderTest>): void {
  describe(`identity by ${name}`, () => {
    let driver: IdentityUnderTest;
    let authz: ServiceIdentity;
    beforeEach(async () => {
      driver = await start();
      authz = driver.authz;
    });
    afterEach(() => driver.close());

    const sign = (changed: object = {}, key = driver.signer, options: SignOptions = {}): string =>
      jsonwebtoken.sign({ ...driver.claims, ...changed }, key.privateKey, { algorithm: "RS256", keyid: key.kid, ...options });
    const now = () => Math.floor(driver.clock.now() / 1000);

    test("a callee knows the caller, and at once the second time", async () => {
      const token = await driver.blog.tokenFor("authz");
      expect(await authz.verify(token)).toBe("blog");
      expect(authz.verify(token)).toBe("blog");
      expect(await driver.blog.tokenFor("authz")).toBe(token);
    });

    test("a token for another callee is refused", async () => {
      const token = await driver.blog.tokenFor("gateway");
      expect(await refusal(() => authz.verify(token))).toMatchObject(INVALID);
    });

    test.each([undefined, ""])("no token (%p) is MISSING_TOKEN", async (token) => {
      expect(await refusal(() => authz.verify(token))).toMatchObject({ code: "UNAUTHORIZED", reason: "MISSING_TOKEN" });
    });

    test("an expired token is refused, also one that was verified before", async () => {
      const token = sign();
      expect(await authz.verify(token)).toBe("blog");
      driver.clock.advance(driver.claims.exp * 1000 - driver.clock.now());
      expect(await refusal(() => authz.verify(token))).toMatchObject(INVALID);
    });

    test("an unknown key is looked for once more", async () => {
      expect(await authz.verify(sign())).toBe("blog");
      driver.publish(added);
      driver.clock.advance(1000);
      expect(await authz.verify(sign({}, added))).toBe("blog");
    });

    test("tokens of a withdrawn key are refused, also those that were verified before", async () => {
      const token = sign();
      expect(await authz.verify(token)).toBe("blog");
      await driver.withdraw();
      expect(await refusal(() => authz.verify(token))).toMatchObject(INVALID);
    });

    test("clocks may differ by seconds", async () => {
      expect(await authz.verify(sign({ iat: now() + 5, nbf: now() + 5 }))).toBe("blog");
    });

    const confused = (): string => {
      const pem = driver.signer.publicKey.export({ format: "pem", type: "spki" });
      const text = `${part({ alg: "HS256", typ: "JWT", kid: driver.signer.kid })}.${part(driver.claims)}`;
      return `${text}.${createHmac("sha256", pem).update(text).digest("base64url")}`;
    };
    const pieces = () => sign().split(".") as [string, string, string];
    const without = (claim: string): object => Object.fromEntries(Object.entries(driver.claims).filter(([key]) => key !== claim));
    const bare = (claims: object, options: SignOptions): string =>
      jsonwebtoken.sign(claims, driver.signer.privateKey, { algorithm: "RS256", keyid: driver.signer.kid, ...options });
    const forged: Record<string, () => string> = {
      "signed with a foreign key under a good key's id": () => sign({}, { ...foreign, kid: driver.signer.kid }),
      "signed with a key that nobody published": () => sign({}, foreign),
      "claims changed after signing": () => `${pieces()[0]}.${part({ ...driver.claims, exp: driver.claims.exp + 1 })}.${pieces()[2]}`,
      "alg none": () => `${part({ alg: "none", typ: "JWT", kid: driver.signer.kid })}.${part(driver.claims)}.`,
      "alg none with a signature": () => `${part({ alg: "none", typ: "JWT", kid: driver.signer.kid })}.${pieces()[1]}.${pieces()[2]}`,
      "HS256 with the public key as secret": confused,
      RS512: () => bare(driver.claims, { algorithm: "RS512" }),
      "expired a second ago": () => sign({ iat: now() - 200, exp: now() - 1 }),
      "issued in the future": () => sign({ iat: now() + 60 }),
      "not yet valid": () => sign({ nbf: now() + 60 }),
      "lives for a day": () => sign({ exp: now() + 86_400 }),
      "never expires": () => bare(without("exp"), {}),
      "no time of issue": () => bare(without("iat"), { noTimestamp: true }),
      "another issuer": () => sign({ iss: "elsewhere" }),
      "another audience": () => sign({ aud: "identity" }),
      "no caller": () => bare(without("sub"), {}),
      "no key id": () => jsonwebtoken.sign(driver.claims, driver.signer.privateKey, { algorithm: "RS256" }),
      "no signature": () => `${pieces()[0]}.${pieces()[1]}.`,
      "two parts": () => `${pieces()[0]}.${pieces()[1]}`,
      "no JWT": () => "Bearer",
      "header is no object": () => `${Buffer.from("1").toString("base64url")}.${pieces()[1]}.${pieces()[2]}`,
      "too long": () => `${pieces()[0]}.${"A".repeat(9000)}.${pieces()[2]}`,
    };

    test.each(Object.entries(forged))("refuses a forged token: %s", async (_name, forge) => {
      const token = forge();
      const error = await refusal(() => authz.verify(token));
      expect(error).toMatchObject(INVALID);
      expect(String((error as Error).message)).not.toContain(token.split(".")[1] ?? token);
    });

    test("the unforged one passes", async () => {
      expect(await authz.verify(sign())).toBe("blog");
    });
  });
}
