import { describe, expect, test } from "@jest/globals";
import jsonwebtoken from "jsonwebtoken";
import { createManualClock } from "../base/clock.ts";
import { aKeyPair, describeIdentity, INVALID, type KeyPair, refusal } from "./identity-contract.ts";
import { createKeyIdentity } from "./key-identity.ts";
import type { ModulePublicKey, PublicKeys } from "./public-keys.ts";

const blogKey = aKeyPair();
const evilKey = aKeyPair();

/** The keys of blog and evil, as a process that holds them in memory. */
function aKeyRing(known: Record<string, ModulePublicKey>) {
  const ring = {
    revision: 1,
    published: [] as KeyPair[],
    find: (kid: string) => known[kid],
    async refresh() {
      for (const { kid, publicKey } of ring.published) known[kid] = { module: "blog", key: publicKey, expMs: Number.POSITIVE_INFINITY };
      return true;
    },
    close() {},
  };
  return ring satisfies PublicKeys;
}

function aPair() {
  const clock = createManualClock();
  const known: Record<string, ModulePublicKey> = {
    [blogKey.kid]: { module: "blog", key: blogKey.publicKey, expMs: Number.POSITIVE_INFINITY },
    [evilKey.kid]: { module: "evil", key: evilKey.publicKey, expMs: Number.POSITIVE_INFINITY },
  };
  const publicKeys = aKeyRing(known);
  let minted = 0;
  const signingKey = async () => {
    minted++;
    return { kid: blogKey.kid, key: blogKey.privateKey };
  };
  const blog = createKeyIdentity({ module: "blog", signingKey, publicKeys, clock });
  const authz = createKeyIdentity({ module: "authz", signingKey, publicKeys, clock });
  const now = clock.now() / 1000;
  const claims = { iss: "plinth.dev/modules", sub: "blog", aud: "authz", iat: now, exp: now + 300 };
  return { clock, known, publicKeys, blog, authz, claims, minted: () => minted };
}

describeIdentity("keys in memory", async () => {
  const { known, publicKeys, ...pair } = aPair();
  return {
    ...pair,
    signer: blogKey,
    publish: (key) => void publicKeys.published.push(key),
    async withdraw() {
      delete known[blogKey.kid];
      publicKeys.revision++;
    },
    async close() {},
  };
});

describe("key identity", () => {
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
      return { kid: blogKey.kid, key: blogKey.privateKey };
    };
    const blog = createKeyIdentity({ module: "blog", signingKey, publicKeys });
    await expect(blog.tokenFor("authz")).rejects.toThrow("disk away");
    broken = false;
    await expect(blog.tokenFor("authz")).resolves.toMatch(/^ey/);
  });

  test("a replaced key's tokens are refused after the overlap", async () => {
    const { clock, blog, authz, known } = aPair();
    known[blogKey.kid] = { module: "blog", key: blogKey.publicKey, expMs: clock.now() + 60_000 };
    const token = await blog.tokenFor("authz");
    expect(await authz.verify(token)).toBe("blog");
    clock.advance(60_000);
    expect(await refusal(() => authz.verify(token))).toMatchObject(INVALID);
  });

  test.each([
    ["signed by another module in the name of blog", evilKey, {}],
    ["another caller than the key's", blogKey, { sub: "gateway" }],
    ["lives longer than five minutes", blogKey, { exp: 301 + createManualClock().now() / 1000 }],
  ])("refuses a token: %s", async (_name, key, changed) => {
    const { authz, claims } = aPair();
    const token = jsonwebtoken.sign({ ...claims, ...changed }, key.privateKey, { algorithm: "RS256", keyid: key.kid });
    expect(await refusal(() => authz.verify(token))).toMatchObject(INVALID);
  });
});
