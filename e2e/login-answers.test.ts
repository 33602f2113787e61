import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import { type Account, type Answer, anAccount, callApi, PASSWORD } from "./accounts.ts";
import { freshAddress, startHostilePlatform } from "./hostile-platform.ts";
import type { LocalPlatform } from "./local-platform.ts";

/** Nobody learns by asking whether an address has an account. */
let platform: LocalPlatform;
let ada: Account;
const HOME = "192.0.2.1";

beforeAll(async () => {
  // Hashes that take a while, though not as long as they should: who leaves one out shows it by the time.
  platform = await startHostilePlatform({
    identity: "argon2: {memoryKiB: 16384, passes: 2, parallelism: 1}\n",
    auth: "lockout: {failures: 5, initial: 1m, max: 15m}\n",
  });
  ada = await anAccount(platform, "ada@example.com", { administrator: true });
  await anAccount(platform, "known@example.com", { headers: { "x-forwarded-for": HOME } });
}, 90_000);

afterAll(async () => {
  await platform.stop();
  await platform.remove();
});

function post(path: string, body: unknown, address = freshAddress()): Promise<Answer> {
  return callApi(platform, "POST", path, { body, headers: { "x-forwarded-for": address } });
}

const login = (email: string, password: string, address?: string) => post("/auth/login", { email, password }, address);

const register = (email: string) => post("/users/register", { email, password: PASSWORD });

/** All of an answer that does not differ from call to call anyway. */
function shapeOf({ status, headers, body }: Answer) {
  const kept = [...headers].filter(([name]) => !["date", "x-request-id", "ratelimit-reset", "keep-alive"].includes(name));
  return { status, headers: Object.fromEntries(kept), body: { ...body, meta: undefined } };
}

async function userIdOf(email: string): Promise<string> {
  const { body } = await callApi(platform, "GET", `/users:lookup?email=${email}`, { token: ada.token });
  return body.data.id;
}

describe("a sign-in with a wrong password", () => {
  test("is answered alike, whoever has or has not that address", async () => {
    for (const name of ["unverified", "blocked", "deleted"])
      await anAccount(platform, `${name}@example.com`, { headers: { "x-forwarded-for": freshAddress() } });
    const blocked = await callApi(platform, "PUT", `/users/${await userIdOf("blocked@example.com")}`, {
      body: { status: "USER_STATUS_BLOCKED" },
      token: ada.token,
    });
    expect(blocked.status).toBe(200);
    const deleted = await callApi(platform, "DELETE", `/users/${await userIdOf("deleted@example.com")}`, { token: ada.token });
    expect(deleted.status).toBe(200);

    const expected = shapeOf(await login("nobody@example.com", "not the password"));
    expect(expected).toMatchObject({ status: 401, body: { error: { details: { reason: "INVALID_CREDENTIALS" } } } });
    for (const name of ["known", "KNOWN", "unverified", "blocked", "deleted", "nobody.else"]) {
      expect({ name, ...shapeOf(await login(`${name}@example.com`, "not the password")) }).toEqual({ name, ...expected });
    }
    // The right password opens none of the closed accounts, and says no more than a wrong one.
    for (const name of ["blocked", "deleted"])
      expect({ name, ...shapeOf(await login(`${name}@example.com`, PASSWORD)) }).toEqual({ name, ...expected });
  });

  test("takes about as long for an address without an account", async () => {
    const times = { known: [] as number[], unknown: [] as number[] };
    for (let round = 0; round < 12; round++) {
      for (const [kind, email] of [
        ["known", `timed${round % 2}@example.com`],
        ["unknown", `nobody${round}@example.com`],
      ] as const) {
        if (round < 2 && kind === "known") await register(email);
        const startedAt = performance.now();
        const { status } = await login(email, "not the password");
        if (round >= 2) times[kind].push(performance.now() - startedAt);
        expect(status).toBe(401);
      }
    }
    // A hash that is not computed would be a difference of many times.
    const ratio = medianOf(times.known) / medianOf(times.unknown);
    expect(ratio).toBeGreaterThan(0.4);
    expect(ratio).toBeLessThan(2.5);
  });
});

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

describe.each([
  ["request-password-reset", /password/i, 1],
  ["resend-verification", /verify/i, 2],
])("users/%s", (path, subject, expectedMails) => {
  test("answers alike for every address, and writes to those alone that have an account", async () => {
    const unknown = `nobody-${path}@example.com`;
    const known = `somebody-${path}@example.com`;
    await register(known);
    await eventually(async () => (await mailsTo(known, /verify/i)) === 1);
    const expected = shapeOf(await post(`/users/${path}`, { email: unknown }));
    expect(expected.status).toBe(200);
    for (const email of [known, known.toUpperCase(), "ada@example.com", `other-${unknown}`]) {
      expect({ email, ...shapeOf(await post(`/users/${path}`, { email })) }).toEqual({ email, ...expected });
    }
    await eventually(async () => (await mailsTo(known, subject)) >= expectedMails);
    expect(await mailsTo(unknown, subject)).toBe(0);
  });

  test("takes about as long for an address without an account", async () => {
    const times = { known: [] as number[], unknown: [] as number[] };
    for (let round = 0; round < 25; round++) {
      for (const [kind, email] of [
        ["known", "known@example.com"],
        ["unknown", "nobody@example.com"],
      ] as const) {
        const startedAt = performance.now();
        await post(`/users/${path}`, { email });
        if (round >= 5) times[kind].push(performance.now() - startedAt);
      }
    }
    const ratio = medianOf(times.known) / medianOf(times.unknown);
    expect(ratio).toBeGreaterThan(0.4);
    expect(ratio).toBeLessThan(2.5);
  });
});

/** How many mails with this subject were caught. */
async function mailsTo(email: string, subject: RegExp): Promise<number> {
  const { mails } = (await (await fetch(`${platform.mails}/api/mails?limit=500`)).json()) as { mails: { subject: string; to: unknown }[] };
  return mails.filter((mail) => JSON.stringify(mail.to).includes(`"${email}"`) && subject.test(mail.subject)).length;
}

test.each(["verify-email", "reset-password"])("users/%s answers alike for every token that is none", async (path) => {
  const shapes = [];
  for (const token of ["x", "a".repeat(43), ada.token.slice(0, 100)]) {
    shapes.push(
      shapeOf(await post(`/users/${path}`, { token, ...(path === "reset-password" && { new_password: "some other words here" }) })),
    );
  }
  expect(new Set(shapes.map((shape) => JSON.stringify(shape))).size).toBe(1);
  expect(shapes[0]?.status).toBeGreaterThanOrEqual(400);
});

describe("guessing passwords", () => {
  const reasonOf = ({ status, body }: Answer) => `${status} ${body.error?.details.reason ?? "OK"}`;

  test("is held back alike for accounts that are there and that are not", async () => {
    await register("guessed@example.com");
    const attempts = async (email: string) => {
      const attacker = freshAddress();
      const seen = [];
      for (let attempt = 0; attempt < 8; attempt++) seen.push(reasonOf(await login(email, `guess ${attempt}`, attacker)));
      for (let attempt = 0; attempt < 12; attempt++) seen.push(reasonOf(await login(email, `guess ${attempt}`)));
      return seen;
    };
    const known = await attempts("guessed@example.com");
    expect(known).toEqual(await attempts("not-there@example.com"));
    expect(known.at(-1)).toBe("429 RATE_LIMITED");
    // The right password does not help whoever has to wait.
    expect(reasonOf(await login("guessed@example.com", PASSWORD))).toBe("429 RATE_LIMITED");
  });

  test("locks nobody out at home", async () => {
    const victim = "victim@example.com";
    const home = freshAddress();
    await anAccount(platform, victim, { headers: { "x-forwarded-for": home } });
    for (let attempt = 0; attempt < 40; attempt++) await login(victim, `guess ${attempt}`);
    expect(reasonOf(await login(victim, "one more guess"))).toBe("429 RATE_LIMITED");
    expect(reasonOf(await login(victim, PASSWORD, home))).toBe("200 OK");
    // A user who mistypes at home is not locked out by it either.
    for (let attempt = 0; attempt < 6; attempt++) expect(reasonOf(await login(victim, "a typo", home))).toBe("401 INVALID_CREDENTIALS");
    expect(reasonOf(await login(victim, PASSWORD, home))).toBe("200 OK");
  });

  test("cannot be done in the name of a home: an address that a client claims does not count", async () => {
    const { status, body } = await callApi(platform, "POST", "/auth/login", {
      body: { email: "victim@example.com", password: "guess" },
      headers: { "x-forwarded-for": `${HOME}, ${freshAddress()}`, "x-client-address": HOME, "x-real-ip": HOME },
    });
    expect(`${status} ${body.error.details.reason}`).toBe("429 RATE_LIMITED");
  });
});
