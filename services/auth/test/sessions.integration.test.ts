import { createPublicKey, type JsonWebKey } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import jsonwebtoken from "jsonwebtoken";
import { type AuthHarness, startAuthHarness, type Tokens } from "./auth-harness.ts";

let auth: AuthHarness;
beforeAll(async () => {
  auth = await startAuthHarness();
}, 60_000);
afterAll(() => auth.stop());

const validate = (token: string) => auth.send("POST", "validate", { token });
const OTHER = { address: "198.51.100.7", agent: "Other/2.0" };
const refused = (reason: string) => ({ status: 401, error: { details: { reason } } });

async function jwks(): Promise<(JsonWebKey & { kid: string })[]> {
  const response = await fetch(`${auth.harness.httpUrl("auth")}/.well-known/jwks.json`);
  return ((await response.json()) as { keys: (JsonWebKey & { kid: string })[] }).keys;
}

describe("a sign-in", () => {
  test("gives an RS256 token that the published key verifies, and its claims by ValidateToken", async () => {
    const user = auth.addUser();
    const tokens = await auth.login(user);
    // Whole seconds until the token ends: one of them may be over by now.
    expect([899, 900]).toContain(tokens.expires_in);
    expect(tokens).toMatchObject({ token_type: "Bearer", refresh_expires_in: 604800, user_id: user.id });
    const { header } = jsonwebtoken.decode(tokens.access_token, { complete: true }) ?? { header: { kid: "" } };
    const jwk = (await jwks()).find(({ kid }) => kid === header.kid) ?? {};
    expect(jwk).not.toHaveProperty("d");
    const key = createPublicKey({ key: jwk, format: "jwk" });
    const claims = jsonwebtoken.verify(tokens.access_token, key, { algorithms: ["RS256"], issuer: "plinth", audience: "plinth-api" });
    const expected = { sub: user.id, email: user.email, roles: ["user"], tenant_id: "default", sid: tokens.session_id };
    expect(claims).toMatchObject({ ...expected, jti: expect.any(String) });
    await expect(validate(tokens.access_token)).resolves.toMatchObject({
      status: 200,
      data: { user_id: user.id, email: user.email, roles: ["user"], tenant_id: "default", session_id: tokens.session_id },
    });
  });

  test("is refused with one answer for a wrong password and an unknown address", async () => {
    const user = auth.addUser();
    const wrong = await auth.send("POST", "login", { email: user.email, password: "wrong password" });
    const unknown = await auth.send("POST", "login", { email: "nobody@example.com", password: "wrong password" });
    expect(wrong).toMatchObject(refused("INVALID_CREDENTIALS"));
    expect({ ...unknown, meta: undefined }).toEqual({ ...wrong, meta: undefined });
    await auth.event(({ type }, { entry }) => type === "platform.audit.recorded" && isEntry(entry, "user.login_failed", user.id));
  });

  test("names the first device of a kind as new, but not the very first", async () => {
    const user = auth.addUser();
    const first = await auth.login(user, { agent: "Browser/1.0" });
    const updated = await auth.login(user, { agent: "Browser/2.0" });
    const other = await auth.login(user, { agent: "Phone/1.0" });
    const news = async ({ session_id }: Tokens) =>
      (await auth.event(({ type }, data) => type === "platform.session.created" && data.sessionId === session_id)).newDevice ?? false;
    expect([await news(first), await news(updated), await news(other)]).toEqual([false, false, true]);
  });

  test("finds the account in the tenant that is asked for", async () => {
    const user = auth.addUser("acme");
    const body = { email: user.email, password: user.password };
    await expect(auth.send("POST", "login", body)).resolves.toMatchObject(refused("INVALID_CREDENTIALS"));
    const { data } = await auth.send("POST", "login", { ...body, tenant_id: "acme" });
    await expect(validate(String(data.access_token))).resolves.toMatchObject({ data: { tenant_id: "acme" } });
  });
});

describe("a refresh token", () => {
  test("is good for one use; the pair has the roles of now", async () => {
    const user = auth.addUser();
    const first = await auth.login(user);
    user.roles = ["user", "blog-author"];
    const second = await auth.refresh(first.refresh_token);
    expect(second).toMatchObject({ status: 200, data: { session_id: first.session_id, user_id: user.id } });
    expect(second.data.refresh_token).not.toBe(first.refresh_token);
    await expect(validate(String(second.data.access_token))).resolves.toMatchObject({ data: { roles: ["user", "blog-author"] } });
    await expect(auth.refresh(String(second.data.refresh_token))).resolves.toMatchObject({ status: 200 });
  });

  test("used by many at once rotates once, and all have the same pair", async () => {
    const { refresh_token } = await auth.login(auth.addUser());
    const replies = await Promise.all(Array.from({ length: 12 }, () => auth.refresh(refresh_token)));
    expect(replies.map(({ status }) => status)).toEqual(Array(12).fill(200));
    expect(new Set(replies.map(({ data }) => data.refresh_token)).size).toBe(1);
    expect(new Set(replies.map(({ data }) => data.access_token)).size).toBe(1);
    const next = String(replies[0]?.data.refresh_token);
    await expect(auth.refresh(next)).resolves.toMatchObject({ status: 200 });
  });

  test("spent, and shown by another client, ends the session and says so", async () => {
    const user = auth.addUser();
    const first = await auth.login(user);
    const second = (await auth.refresh(first.refresh_token)).data as unknown as Tokens;
    await expect(auth.refresh(first.refresh_token, OTHER)).resolves.toMatchObject(refused("REFRESH_TOKEN_REUSED"));
    // Nobody keeps anything: neither the thief nor the user, whichever of them refreshed first.
    await expect(auth.refresh(second.refresh_token)).resolves.toMatchObject(refused("INVALID_REFRESH_TOKEN"));
    await expect(auth.refresh(first.refresh_token)).resolves.toMatchObject(refused("INVALID_REFRESH_TOKEN"));
    for (const token of [first.access_token, second.access_token]) {
      await expect(validate(token)).resolves.toMatchObject(refused("SESSION_REVOKED"));
    }
    const sid = first.session_id;
    const detected = await auth.event(({ type }, data) => type === "platform.session.reuse_detected" && data.sessionId === sid);
    expect(detected).toMatchObject({ userId: user.id, email: user.email, ipAddress: OTHER.address, userAgent: OTHER.agent });
    await auth.event(({ type }, data) => type === "platform.session.revoked" && data.sessionId === sid);
    await auth.event(({ type }, { entry }) => type === "platform.audit.recorded" && isEntry(entry, "session.reuse_detected", user.id));
  });

  test("stays good when roles cannot be read", async () => {
    const { refresh_token } = await auth.login(auth.addUser());
    auth.neighbours.rolesFail = true;
    const failed = await auth.refresh(refresh_token);
    auth.neighbours.rolesFail = false;
    expect(failed.status).toBeGreaterThanOrEqual(500);
    await expect(auth.refresh(refresh_token, OTHER)).resolves.toMatchObject({ status: 200 });
  });

  test("spent, is repeated for the same client until its time is over", async () => {
    const first = await auth.login(auth.addUser());
    const second = await auth.refresh(first.refresh_token);
    const again = await auth.refresh(first.refresh_token);
    const { access_token, refresh_token } = second.data;
    expect(again).toMatchObject({ status: 200, data: { access_token, refresh_token } });
    const [row] = await auth.sql<{ successor: Buffer }>("select successor from spent_tokens where session_id = $1", [first.session_id]);
    expect(row?.successor.includes(String(refresh_token))).toBe(false);
    await auth.sql("update spent_tokens set spent_at = spent_at - interval '31 s' where session_id = $1", [first.session_id]);
    await expect(auth.refresh(first.refresh_token)).resolves.toMatchObject(refused("REFRESH_TOKEN_REUSED"));
  });

  test("expires", async () => {
    const { refresh_token, session_id } = await auth.login(auth.addUser());
    await auth.sql("update sessions set expires_at = now() - interval '1 s' where id = $1", [session_id]);
    await expect(auth.refresh(refresh_token)).resolves.toMatchObject(refused("INVALID_REFRESH_TOKEN"));
  });

  test("is in no table, whatever keys a client sends", async () => {
    const user = auth.addUser();
    const serviceToken = await auth.harness.serviceToken("gateway", "auth");
    const headers = { "content-type": "application/json", "x-service-token": serviceToken, "idempotency-key": "one" };
    const body = JSON.stringify({ email: user.email, password: user.password });
    const response = await fetch(`${auth.harness.httpUrl("auth")}/api/v1/auth/login`, { method: "POST", headers, body });
    expect(response.status).toBe(200);
    await expect(auth.sql("select 1 from idempotency_keys")).resolves.toEqual([]);
  });

  test("that nobody issued is refused", async () => {
    for (const token of ["x", "a".repeat(43), "' or 1=1 --"]) {
      await expect(auth.refresh(token)).resolves.toMatchObject(refused("INVALID_REFRESH_TOKEN"));
    }
  });
});

describe("sessions", () => {
  test("are listed with the client, and end one by one, for their owner only", async () => {
    const [user, stranger] = [auth.addUser(), auth.addUser()];
    const here = await auth.login(user);
    const there = await auth.login(user, OTHER);
    const { data } = await auth.send("GET", "sessions", undefined, { token: here.access_token });
    expect(data.sessions).toMatchObject([
      { id: there.session_id, ip_address: OTHER.address, user_agent: OTHER.agent },
      { id: here.session_id, ip_address: "192.0.2.1", user_agent: "Test/1.0", current: true },
    ]);
    const { access_token: strangers } = await auth.login(stranger);
    const steal = await auth.send("DELETE", `sessions/${there.session_id}`, undefined, { token: strangers });
    expect(steal).toMatchObject({ status: 404, error: { details: { reason: "SESSION_NOT_FOUND" } } });
    await expect(validate(there.access_token)).resolves.toMatchObject({ status: 200 });

    await auth.send("DELETE", `sessions/${there.session_id}`, undefined, { token: here.access_token });
    await expect(validate(there.access_token)).resolves.toMatchObject(refused("SESSION_REVOKED"));
    await expect(validate(here.access_token)).resolves.toMatchObject({ status: 200 });
  });

  test("come in pages", async () => {
    const user = auth.addUser();
    const opened: string[] = [];
    for (let count = 0; count < 3; count++) opened.unshift((await auth.login(user)).session_id);
    const { access_token: token, session_id } = await auth.login(user);
    const page = async (after: string) => (await auth.send("GET", `sessions?page_size=2&page_token=${after}`, undefined, { token })).data;
    const first = await page("");
    const second = await page(String(first.next_page_token));
    const ids = [first, second].flatMap(({ sessions }) => (sessions as { id: string }[]).map(({ id }) => id));
    expect(ids).toEqual([session_id, ...opened]);
  });

  test("end by a logout, by either token, and twice does no harm", async () => {
    const user = auth.addUser();
    const [one, two] = [await auth.login(user), await auth.login(user)];
    await expect(auth.send("POST", "logout", {}, { token: one.access_token })).resolves.toMatchObject({ status: 200 });
    await expect(auth.send("POST", "logout", {}, { token: one.access_token })).resolves.toMatchObject({ status: 200 });
    await expect(auth.send("POST", "logout", { refresh_token: two.refresh_token })).resolves.toMatchObject({ status: 200 });
    for (const tokens of [one, two]) {
      await expect(validate(tokens.access_token)).resolves.toMatchObject(refused("SESSION_REVOKED"));
      await expect(auth.refresh(tokens.refresh_token)).resolves.toMatchObject(refused("INVALID_REFRESH_TOKEN"));
    }
    await expect(auth.send("POST", "logout", {})).resolves.toMatchObject(refused("MISSING_TOKEN"));
  });

  test("of one user are a hundred at most; the longest unused ends", async () => {
    const user = auth.addUser();
    const { session_id } = await auth.login(user);
    await auth.sql(
      `insert into sessions (id, tenant_id, user_id, email, token_hash, address, user_agent, created_at, last_used_at, expires_at)
       select 'sess_' || number, 'default', $1, '', decode(lpad(to_hex(number), 64, '0'), 'hex'), '', '', now(),
         now() - number * interval '1 minute', now() + interval '1 day' from generate_series(1, 99) number`,
      [user.id],
    );
    await auth.login(user);
    const rows = await auth.sql<{ id: string }>("select id from sessions where user_id = $1 and revoked_at is not null", [user.id]);
    expect(rows).toEqual([{ id: "sess_99" }]);
    await expect(auth.sql("select 1 from sessions where id = $1 and revoked_at is null", [session_id])).resolves.toHaveLength(1);
  });

  test("all end but the present one", async () => {
    const user = auth.addUser();
    const [here, there] = [await auth.login(user), await auth.login(user)];
    const reply = await auth.send("DELETE", "sessions?keep_current=true", undefined, { token: here.access_token });
    expect(reply).toMatchObject({ status: 200, data: { revoked: 1 } });
    await expect(validate(there.access_token)).resolves.toMatchObject(refused("SESSION_REVOKED"));
    await auth.send("DELETE", "sessions", undefined, { token: here.access_token });
    await expect(auth.send("GET", "sessions", undefined, { token: here.access_token })).resolves.toMatchObject(refused("SESSION_REVOKED"));
  });
});

describe("introspection", () => {
  test("tells live tokens of both kinds from all others", async () => {
    const user = auth.addUser();
    const { access_token, refresh_token, session_id } = await auth.login(user);
    const introspect = async (token: string, tenant = "default") => (await auth.send("POST", "introspect", { token }, { tenant })).data;
    const about = { active: true, sub: user.id, username: user.email, sid: session_id, tenant_id: "default" };
    expect(await introspect(access_token)).toMatchObject({ ...about, token_type: "access_token", aud: "plinth-api" });
    expect(await introspect(refresh_token)).toMatchObject({ ...about, token_type: "refresh_token" });
    for (const inactive of [await introspect(access_token, "acme"), await introspect(refresh_token, "acme"), await introspect("a.b.c")]) {
      expect(inactive.active ?? false).toBe(false);
    }
    await auth.refresh(refresh_token);
    expect((await introspect(refresh_token)).active ?? false).toBe(false);
    await auth.send("POST", "logout", {}, { token: access_token });
    expect((await introspect(access_token)).active ?? false).toBe(false);
  });
});

describe("an access token", () => {
  test("that was tampered with, or is none of ours, is refused", async () => {
    const { access_token } = await auth.login(auth.addUser());
    const [header = "", payload = "", signature = ""] = access_token.split(".");
    const forged = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(payload, "base64url").toString()), sub: "user_admin" }));
    const none = Buffer.from(JSON.stringify({ alg: "none", typ: "JWT" })).toString("base64url");
    const [jwk = { kid: "" }] = await jwks();
    const publicPem = createPublicKey({ key: jwk, format: "jwk" }).export({ format: "pem", type: "spki" });
    const confused = Buffer.from(JSON.stringify({ alg: "HS256", kid: jwk.kid })).toString("base64url");
    const hmac = jsonwebtoken.sign({ sub: "x" }, publicPem.toString(), { algorithm: "HS256", allowInvalidAsymmetricKeyTypes: true });
    const tokens = [
      `${header}.${forged.toString("base64url")}.${signature}`,
      `${none}.${payload}.`,
      `${confused}.${payload}.${hmac.split(".")[2]}`,
      ...["x", "..", "null.e30.x", `${Buffer.from("null").toString("base64url")}.e30.x`],
    ];
    for (const token of tokens) await expect(validate(token)).resolves.toMatchObject(refused("INVALID_TOKEN"));
  });
});

function isEntry(entry: unknown, action: string, userId: string): boolean {
  const { action: done, resourceId } = entry as { action: string; resourceId: string };
  return done === action && resourceId === userId;
}
