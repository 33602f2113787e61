import { createHmac, generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import jsonwebtoken, { type SignOptions } from "jsonwebtoken";
import { createManualClock } from "../base/clock.ts";
import { publicJwk } from "./jwks.ts";
import { createKeyIdentity } from "./key-identity.ts";
import type { ModulePublicKey, PublicKeys } from "./public-keys.ts";

const blogKey = generateKeyPairSync("rsa", { modulusLength: 2048 });
const evilKey = generateKeyPairSync("rsa", { modulusLength: 2048 });
const blogKid = publicJwk(blogKey.publicKey).kid;
const evilKid = publicJwk(evilKey.publicKey).kid;

/** The keys of blog and evil, as a process that holds them in memory. */
function aKeyRing(known: Record<string, ModulePublicKey>) {
  const ring = {
    revision: 1,
    refreshes: 0,
    find: (kid: string) => known[kid],
    async refresh() {
      ring.refreshes++;
      return true;
    },
    close() {},
  };
  return ring satisfies PublicKeys;
}

function aPair() {
  const clock = createManualClock();
  const known: Record<string, ModulePublicKey> = {
    [blogKid]: { module: "blog", key: blogKey.publicKey, expMs: Number.POSITIVE_INFINITY },
    [evilKid]: { module: "evil", key: evilKey.publicKey, expMs: Number.POSITIVE_INFINITY },
  };
  const publicKeys = aKeyRing(known);
  let minted = 0;
  const signingKey = async () => {
    minted++;
    return { kid: blogKid, key: blogKey.privateKey };
  };
  const blog = createKeyIdentity({ module: "blog", signingKey, publicKeys, clock });
  const authz = createKeyIdentity({ module: "authz", signingKey, publicKeys, clock });
  return { clock, known, publicKeys, blog, authz, minted: () => minted };
}

const INVALID = { code: "UNAUTHORIZED", reason: "INVALID_TOKEN" };

async function refusal(verify: () => string | Promise<string>): Promise<unknown> {
  try {
    return await verify();
  } catch (error) {
    return error;
  }
}

describe("key identity", () => {
  test("a callee knows the caller, and at once the second time", async () => {
    const { blog, authz } = aPair();
    const token = await blog.tokenFor("authz");
    expect(await authz.verify(token)).toBe("blog");
    expect(authz.verify(token)).toBe("blog");
  });

  test("a token is minted once, used for four fifths of its life, then renewed while it still serves", async () => {
    const { clock, blog, authz, minted } = aPair();
    const [first, same] = await Promise.all([blog.tokenFor("authz"), blog.tokenFor("authz")]);
    expect(same).toBe(first);
    clock.advance(4 * 60_000 - 1);
    expect(blog.tokenFor("authz")).toBe(first);
    expect(minted()).toBe(1);
    clock.advance(1);
    expect(blog.tokenFor("authz")).toBe(first);
    await new Promise(setImmediate);
    const renewed = blog.tokenFor("authz");
    expect(renewed).not.toBe(first);
    expect(minted()).toBe(2);
    expect(authz.verify(await renewed)).toBe("blog");
  });

  test("after a long quiet time no expired token is handed out", async () => {
    const { clock, blog, authz } = aPair();
    await blog.tokenFor("authz");
    clock.advance(3_600_000);
    expect(authz.verify(await blog.tokenFor("authz"))).toBe("blog");
  });

  test("a mint that fails is tried again", async () => {
    let broken = true;
    const publicKeys = aKeyRing({});
    const signingKey = async () => {
      if (broken) throw new Error("disk away");
      return { kid: blogKid, key: blogKey.privateKey };
    };
    const blog = createKeyIdentity({ module: "blog", signingKey, publicKeys });
    await expect(blog.tokenFor("authz")).rejects.toThrow("disk away");
    broken = false;
    await expect(blog.tokenFor("authz")).resolves.toMatch(/^ey/);
  });

  test.each([undefined, ""])("no token (%p) is MISSING_TOKEN", async (token) => {
    expect(await refusal(() => aPair().authz.verify(token))).toMatchObject({ code: "UNAUTHORIZED", reason: "MISSING_TOKEN" });
  });

  test("an expired token is refused, also one that was verified before", async () => {
    const { clock, blog, authz } = aPair();
    const token = await blog.tokenFor("authz");
    expect(await authz.verify(token)).toBe("blog");
    clock.advance(5 * 60_000);
    expect(await refusal(() => authz.verify(token))).toMatchObject(INVALID);
  });

  test("a token for another callee is refused", async () => {
    const { blog, authz } = aPair();
    const token = await blog.tokenFor("gateway");
    expect(await refusal(() => authz.verify(token))).toMatchObject(INVALID);
  });

  test("when the set of keys changes, verified tokens are verified again", async () => {
    const { blog, authz, known, publicKeys } = aPair();
    const token = await blog.tokenFor("authz");
    await authz.verify(token);
    delete known[blogKid];
    publicKeys.revision++;
    expect(await refusal(() => authz.verify(token))).toMatchObject(INVALID);
  });

  test("an unknown key is looked for once more", async () => {
    const { blog, authz, known, publicKeys } = aPair();
    const token = await blog.tokenFor("authz");
    const key = known[blogKid] as ModulePublicKey;
    delete known[blogKid];
    publicKeys.refresh = async () => {
      known[blogKid] = key;
      return true;
    };
    expect(await authz.verify(token)).toBe("blog");
  });

  test("a replaced key's tokens are refused after the overlap", async () => {
    const { clock, blog, authz, known } = aPair();
    known[blogKid] = { module: "blog", key: blogKey.publicKey, expMs: clock.now() + 60_000 };
    const token = await blog.tokenFor("authz");
    expect(await authz.verify(token)).toBe("blog");
    clock.advance(60_000);
    expect(await refusal(() => authz.verify(token))).toMatchObject(INVALID);
  });

  describe("refuses a forged token:", () => {
    const { clock } = aPair();
    const now = clock.now() / 1000;
    const good = { iss: "plinth.dev/modules", sub: "blog", aud: "authz", iat: now, exp: now + 300 };
    const signed = (claims: object, key: KeyObject = blogKey.privateKey, options: SignOptions = {}) =>
      jsonwebtoken.sign(claims, key, { algorithm: "RS256", keyid: blogKid, ...options });
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const pem = blogKey.publicKey.export({ format: "pem", type: "spki" });
    const confused = `${part({ alg: "HS256", typ: "JWT", kid: blogKid })}.${part(good)}`;
    const [header, payload, signature] = signed(good).split(".") as [string, string, string];
    const forged: Record<string, string> = {
      "signed by another module in the name of blog": signed(good, evilKey.privateKey, { keyid: evilKid }),
      "signed with a foreign key under blog's key id": signed(good, evilKey.privateKey),
      "claims changed after signing": `${header}.${part({ ...good, sub: "gateway" })}.${signature}`,
      "another caller than the key's": signed({ ...good, sub: "gateway" }),
      "alg none": `${part({ alg: "none", typ: "JWT", kid: blogKid })}.${part(good)}.`,
      "alg none with a signature": `${part({ alg: "none", typ: "JWT", kid: blogKid })}.${payload}.${signature}`,
      "HS256 with the public key as secret": `${confused}.${createHmac("sha256", pem).update(confused).digest("base64url")}`,
      RS512: signed(good, blogKey.privateKey, { algorithm: "RS512" }),
      "expired a second ago": signed({ ...good, iat: now - 200, exp: now - 1 }),
      "issued in the future": signed({ ...good, iat: now + 60, exp: now + 300 }),
      "not yet valid": signed({ ...good, nbf: now + 60 }),
      "lives too long": signed({ ...good, exp: now + 3600 }),
      "never expires": signed({ iss: good.iss, sub: good.sub, aud: good.aud, iat: now }),
      "no time of issue": jsonwebtoken.sign({ iss: good.iss, sub: good.sub, aud: good.aud, exp: now + 300 }, blogKey.privateKey, {
        algorithm: "RS256",
        keyid: blogKid,
        noTimestamp: true,
      }),
      "another issuer": signed({ ...good, iss: "elsewhere" }),
      "another audience": signed({ ...good, aud: "identity" }),
      "no key id": jsonwebtoken.sign(good, blogKey.privateKey, { algorithm: "RS256" }),
      "no signature": `${header}.${payload}.`,
      "two parts": `${header}.${payload}`,
      "no JWT": "Bearer",
      "header is no object": `${Buffer.from("1").toString("base64url")}.${payload}.${signature}`,
      "too long": `${header}.${"A".repeat(9000)}.${signature}`,
    };

    test("the unforged one passes", async () => {
      expect(await aPair().authz.verify(signed(good))).toBe("blog");
      expect(await aPair().authz.verify(signed({ ...good, iat: now + 5, exp: now + 300 }))).toBe("blog");
    });

    test.each(Object.entries(forged))("%s", async (_name, token) => {
      const error = await refusal(() => aPair().authz.verify(token));
      expect(error).toMatchObject(INVALID);
      expect(String((error as Error).message)).not.toContain(payload);
    });
  });
});
