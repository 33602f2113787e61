import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "@jest/globals";
import jsonwebtoken from "jsonwebtoken";
import { createManualClock } from "../base/clock.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import { fetchJwks } from "./fetch-jwks.ts";
import { publicJwk } from "./jwks.ts";
import { createUserTokens } from "./user-tokens.ts";

const first = generateKeyPairSync("rsa", { modulusLength: 2048 });
const second = generateKeyPairSync("rsa", { modulusLength: 2048 });

function anIssuer() {
  const clock = createManualClock();
  const issuer = { away: false, reads: 0, keys: [first.publicKey] };
  const tokens = createUserTokens({
    issuer: "https://plinth.test",
    audience: "plinth",
    clock,
    logger: silentLogger,
    async jwks() {
      issuer.reads++;
      if (issuer.away) throw new Error("away");
      return { keys: issuer.keys.map(publicJwk) };
    },
  });
  const now = () => Math.floor(clock.now() / 1000);
  const token = (changed: object = {}, pair = first) =>
    jsonwebtoken.sign(
      {
        iss: "https://plinth.test",
        aud: "plinth",
        sub: "user_1",
        email: "bob@example.com",
        roles: ["user", "blog-author"],
        tenant_id: "acme",
        sid: "session_1",
        iat: now(),
        exp: now() + 900,
        ...changed,
      },
      pair.privateKey,
      { algorithm: "RS256", keyid: publicJwk(pair.publicKey).kid },
    );
  const verify = async (text: string) => await tokens.verify(text);
  return { clock, issuer, tokens, token, verify };
}

describe("user tokens", () => {
  test("says who the user is, and at once the second time", async () => {
    const { tokens, token, verify, issuer } = anIssuer();
    const text = token();
    const user = {
      id: "user_1",
      email: "bob@example.com",
      roles: ["user", "blog-author"],
      tenantId: "acme",
      sessionId: "session_1",
      token: text,
    };
    expect(await verify(text)).toEqual(user);
    expect(tokens.verify(text)).toEqual(user);
    expect(issuer.reads).toBe(1);
  });

  test("claims that are missing have harmless defaults, but not the user", async () => {
    const { token, verify } = anIssuer();
    const bare = { email: undefined, roles: undefined, tenant_id: undefined, sid: undefined };
    expect(await verify(token(bare))).toMatchObject({ email: "", roles: [], tenantId: "default", sessionId: "" });
    await expect(verify(token({ sub: undefined }))).rejects.toMatchObject({ reason: "INVALID_TOKEN" });
  });

  test("an expired token is TOKEN_EXPIRED, fresh from the wire or remembered", async () => {
    const { clock, token, verify } = anIssuer();
    const text = token();
    await verify(text);
    clock.advance(900_000);
    await expect(verify(text)).rejects.toMatchObject({ code: "UNAUTHORIZED", reason: "TOKEN_EXPIRED" });
    await expect(verify(text)).rejects.toMatchObject({ code: "UNAUTHORIZED", reason: "TOKEN_EXPIRED" });
  });

  test.each([{ iss: "elsewhere" }, { aud: "other" }, { nbf: 4e9 }, { iat: 4e9, exp: 4e9 + 9 }])("%p is INVALID_TOKEN", async (changed) => {
    const { token, verify } = anIssuer();
    await expect(verify(token(changed))).rejects.toMatchObject({ code: "UNAUTHORIZED", reason: "INVALID_TOKEN" });
  });

  test("an unknown key is looked up once, forged ones cause no stream of look-ups", async () => {
    const { clock, issuer, token, verify } = anIssuer();
    await verify(token());
    for (let round = 0; round < 20; round++)
      await expect(verify(token({ round }, second))).rejects.toMatchObject({ reason: "INVALID_TOKEN" });
    expect(issuer.reads).toBe(1);
    issuer.keys.push(second.publicKey);
    clock.advance(1000);
    expect(await verify(token({}, second))).toMatchObject({ id: "user_1" });
    expect(issuer.reads).toBe(2);
  });

  test("while the issuer is away known keys serve; without any the answer is to try again", async () => {
    const { clock, issuer, token, verify } = anIssuer();
    issuer.away = true;
    await expect(verify(token())).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    issuer.away = false;
    clock.advance(1000);
    await verify(token());
    issuer.away = true;
    clock.advance(600_000);
    await verify(token({ fresh: 1 }));
    await verify(token({ fresh: 2 }));
    expect(issuer.reads).toBe(3);
  });

  test("tokens of a withdrawn key are refused, remembered ones too", async () => {
    const { clock, issuer, token, tokens, verify } = anIssuer();
    const text = token();
    await verify(text);
    issuer.keys = [second.publicKey];
    clock.advance(300_000);
    tokens.verify(text);
    await new Promise(setImmediate);
    await expect(verify(text)).rejects.toMatchObject({ reason: "INVALID_TOKEN" });
  });
});

describe("fetchJwks", () => {
  test("reads the document by HTTP, and refuses what is no answer", async () => {
    let status = 200;
    const server = createServer((_request, response) => response.writeHead(status).end(JSON.stringify({ keys: [] }))).listen(
      0,
      "127.0.0.1",
    );
    await new Promise((resolve) => server.once("listening", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/.well-known/jwks.json`;
    try {
      expect(await fetchJwks(() => url)()).toEqual({ keys: [] });
      status = 503;
      await expect(fetchJwks(() => url)()).rejects.toThrow("503");
      await expect(fetchJwks(() => undefined)()).rejects.toThrow("No instance");
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
