import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Secret, TOTP } from "otpauth";
import { type AuthHarness, type From, startAuthHarness } from "./auth-harness.ts";
import type { TestUser } from "./stand-ins.ts";

let auth: AuthHarness;
beforeAll(async () => {
  // Every failure after the third has to wait, for longer than the test runs; attempts are counted apart.
  auth = await startAuthHarness({ AUTH_LOCKOUT_FAILURES: "3", AUTH_LOCKOUT_INITIAL: "10m", AUTH_ACCOUNT_LIMIT_REQUESTS: "30" });
}, 60_000);
afterAll(() => auth.stop());

const attempt = (email: string, password: string, from?: From, code?: string) =>
  auth.send("POST", "login", { email, password, ...(code === undefined ? {} : { totp_code: code }) }, from);
const refused = (reason: string) => ({ status: 401, error: { details: { reason } } });
const HOME = { address: "192.0.2.10" };
const ELSEWHERE = { address: "198.51.100.66" };

async function fail(user: TestUser, times: number, from: From): Promise<void> {
  for (let count = 0; count < times; count++) {
    await expect(attempt(user.email, "wrong", from)).resolves.toMatchObject(refused("INVALID_CREDENTIALS"));
  }
}

describe("wrong passwords", () => {
  test("make their network wait, even with the right one, and no other", async () => {
    const user = auth.addUser();
    await fail(user, 3, ELSEWHERE);
    const held = await attempt(user.email, user.password, ELSEWHERE);
    expect(held).toMatchObject({ status: 429, retryAfter: expect.stringMatching(/^(600|5\d\d)$/) });
    await expect(attempt(user.email, user.password, HOME)).resolves.toMatchObject({ status: 200 });
    await auth.event(({ type }, { entry }) => {
      const { action, resourceId } = (entry ?? {}) as Record<string, unknown>;
      return type === "platform.audit.recorded" && action === "user.locked_out" && resourceId === user.id;
    });
  });

  test("from everywhere make the account wait, but not where its user has been before", async () => {
    const user = auth.addUser();
    await auth.login(user, HOME);
    for (let network = 1; network <= 6; network++) await fail(user, 2, { address: `203.0.113.${network}` });
    await expect(attempt(user.email, user.password, { address: "203.0.113.99" })).resolves.toMatchObject({ status: 429 });
    await expect(attempt(user.email, "wrong", HOME)).resolves.toMatchObject(refused("INVALID_CREDENTIALS"));
    await expect(attempt(user.email, user.password, HOME)).resolves.toMatchObject({ status: 200 });
  });

  test("hold an unknown address back just as a known one", async () => {
    const ghost = { ...auth.addUser(), email: "ghost@example.com" };
    await fail(ghost, 3, ELSEWHERE);
    await expect(attempt(ghost.email, "wrong", ELSEWHERE)).resolves.toMatchObject({ status: 429 });
  });

  test("sent all at once are no more than the account's limit", async () => {
    const user = auth.addUser();
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, index) => attempt(user.email, "wrong", { address: `203.0.113.${index}` })),
    );
    const tried = replies.filter(({ status }) => status === 401).length;
    expect(tried).toBeGreaterThanOrEqual(3);
    expect(tried).toBeLessThanOrEqual(30);
    expect(replies.every(({ status }) => status === 401 || status === 429)).toBe(true);
  });
});

describe("a second factor", () => {
  const codeOf = (secret: string, steps = 0) =>
    TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: Date.now() + steps * 30_000 });

  async function enrolled(): Promise<{ user: TestUser; token: string; secret: string; recovery: string[] }> {
    const user = auth.addUser();
    const { access_token: token } = await auth.login(user, HOME);
    const { data } = await auth.send("POST", "totp:enroll", { password: user.password }, { token, ...HOME });
    const secret = String(data.secret);
    expect(data.otpauth_uri).toMatch(new RegExp(`^otpauth://totp/Plinth:.*secret=${secret}`));
    const confirmed = await auth.send("POST", "totp:confirm", { code: codeOf(secret, -1) }, { token });
    return { user, token, secret, recovery: confirmed.data.recovery_codes as string[] };
  }

  test("is asked for after the password, and each code is good once", async () => {
    const { user, secret, recovery } = await enrolled();
    expect(recovery).toHaveLength(10);
    await expect(attempt(user.email, user.password, HOME)).resolves.toMatchObject(refused("TOTP_REQUIRED"));
    await expect(attempt(user.email, "wrong", HOME, codeOf(secret))).resolves.toMatchObject(refused("INVALID_CREDENTIALS"));
    await expect(attempt(user.email, user.password, HOME, "000000")).resolves.toMatchObject(refused("INVALID_TOTP_CODE"));
    const code = codeOf(secret);
    await expect(attempt(user.email, user.password, HOME, code)).resolves.toMatchObject({ status: 200 });
    await expect(attempt(user.email, user.password, HOME, code)).resolves.toMatchObject(refused("INVALID_TOTP_CODE"));
    const twice = await Promise.all([1, 2].map(() => attempt(user.email, user.password, HOME, codeOf(secret, 1))));
    expect(twice.map(({ status }) => status).sort()).toEqual([200, 401]);
  });

  test("can be replaced by a recovery code, once, however it is typed", async () => {
    const { user, recovery } = await enrolled();
    const typed = (recovery[0] ?? "").toUpperCase().replaceAll("-", " ");
    await expect(attempt(user.email, user.password, HOME, typed)).resolves.toMatchObject({ status: 200 });
    await expect(attempt(user.email, user.password, HOME, recovery[0])).resolves.toMatchObject(refused("INVALID_TOTP_CODE"));
  });

  test("is taken away with password and code only", async () => {
    const { user, token, secret, recovery } = await enrolled();
    const disable = (password: string, code: string) => auth.send("POST", "totp:disable", { password, code }, { token, ...HOME });
    await expect(disable("wrong", codeOf(secret))).resolves.toMatchObject(refused("INVALID_CREDENTIALS"));
    await expect(disable(user.password, "000000")).resolves.toMatchObject(refused("INVALID_TOTP_CODE"));
    await expect(disable(user.password, recovery[1] ?? "")).resolves.toMatchObject({ status: 200 });
    await expect(disable(user.password, codeOf(secret))).resolves.toMatchObject({ status: 404 });
    await auth.login(user, HOME);
    expect(await auth.sql("select 1 from recovery_codes where user_id = $1", [user.id])).toEqual([]);
  });

  test("cannot be enrolled twice, nor confirmed by a wrong code, nor without the password", async () => {
    const { user, token } = await enrolled();
    const enroll = (password: string, with_: string) => auth.send("POST", "totp:enroll", { password }, { token: with_, ...HOME });
    await expect(enroll(user.password, token)).resolves.toMatchObject({ status: 409, error: { details: { reason: "TOTP_ENROLLED" } } });
    const other = auth.addUser();
    const { access_token } = await auth.login(other, HOME);
    await expect(enroll("wrong", access_token)).resolves.toMatchObject(refused("INVALID_CREDENTIALS"));
    const early = await auth.send("POST", "totp:confirm", { code: "123456" }, { token: access_token });
    expect(early).toMatchObject({ status: 409, error: { details: { reason: "TOTP_NOT_STARTED" } } });
    await enroll(other.password, access_token);
    const wrong = await auth.send("POST", "totp:confirm", { code: "000000" }, { token: access_token });
    expect(wrong).toMatchObject(refused("INVALID_TOTP_CODE"));
    await auth.login(other, HOME);
  });

  test("is kept encrypted", async () => {
    const { user, secret } = await enrolled();
    const [row] = await auth.sql<{ secret: Buffer }>("select secret from authenticators where user_id = $1", [user.id]);
    expect(row?.secret.includes(Buffer.from(Secret.fromBase32(secret).bytes))).toBe(false);
  });
});
