import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { createManualClock, type ManualClock } from "@plinth/kernel/base";
import { ALL_TENANTS, loadMigrations, type OpenDatabase, openDatabase } from "@plinth/kernel/database";
import type { Logger } from "@plinth/kernel/logging";
import { createTestDatabase, type TestDatabase } from "@plinth/kernel/testing";
import { newAccessClaims } from "../src/domain/access-token.ts";
import { COMMAND_LEAD_MS, SCHEDULE_LEAD_MS } from "../src/domain/signing-key.ts";
import { createAccessTokens } from "../src/keys/access-tokens.ts";
import { KeyRing } from "../src/keys/key-ring.ts";
import { createSealedBox } from "../src/keys/sealed-box.ts";
import { PostgresSigningKeyStore } from "../src/store/signing-key-store.ts";

const DAY = 86_400_000;
const LIFETIME = 900_000;
const logger = { info() {}, warn() {}, error() {}, debug() {} } as unknown as Logger;
const KEY = Buffer.alloc(32, 1).toString("base64url");

let testDatabase: TestDatabase;
let database: OpenDatabase;
let clock: ManualClock;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const { url, schema } = await testDatabase.provision("auth", [await loadMigrations("auth", join(import.meta.dirname, "../migrations"))]);
  database = await openDatabase({ url, schema, entities: [], logger });
}, 60_000);
beforeEach(async () => {
  clock = createManualClock();
  await database.transaction((tx) => tx.query("delete from signing_keys"), { tenantId: ALL_TENANTS });
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

const now = () => new Date(clock.now());

/** One replica. */
function aReplica(keyEncryptionKey = KEY, tokenLifetimeMs = LIFETIME) {
  const store = new PostgresSigningKeyStore(database, createSealedBox(keyEncryptionKey, "signing keys"), logger);
  const ring = new KeyRing({ store, tokenLifetimeMs, rotationMs: () => 30 * DAY, logger, clock });
  const tokens = createAccessTokens(ring, { issuer: "plinth", audience: "plinth-api", now });
  const subject = { userId: "user_1", email: "ada@example.com", roles: ["user"], tenantId: "default", sessionId: "sess_1" };
  return { ring, tokens, issue: () => tokens.issue(newAccessClaims(subject, now(), LIFETIME)) };
}

const kids = async (ring: KeyRing) => (await ring.published()).keys.map(({ kid }) => kid);
/** Lets the clock stand where the key signs. */
const sleep = async (ms: number) => clock.advance(ms);

test("replicas that start at once share one key, and know each other's tokens", async () => {
  const replicas = Array.from({ length: 8 }, () => aReplica());
  await Promise.all(replicas.map(({ ring }) => ring.start()));
  const published = await Promise.all(replicas.map(({ ring }) => kids(ring)));
  expect(new Set(published.flat()).size).toBe(1);
  const token = replicas[0]?.issue() ?? "";
  for (const { tokens } of replicas) expect(await tokens.verify(token)).toMatchObject({ userId: "user_1", roles: ["user"] });
});

test("a key is stored encrypted, and with another key-encryption key a new one is made", async () => {
  const replica = aReplica();
  await replica.ring.start();
  const [row] = await database.transaction((tx) => tx.query<{ sealed: Buffer }>("select sealed from signing_keys"));
  expect(row?.sealed.includes("RSA")).toBe(false);
  const stranger = aReplica(Buffer.alloc(32, 2).toString("base64"));
  await stranger.ring.start();
  expect(await kids(stranger.ring)).toHaveLength(1);
  await expect(async () => stranger.tokens.verify(replica.issue())).rejects.toMatchObject({ reason: "INVALID_TOKEN" });
});

test("a missing or short key-encryption key is refused at the start", () => {
  for (const key of [undefined, "", "short", Buffer.alloc(31).toString("base64")]) {
    expect(() => createSealedBox(key, "signing keys")).toThrow("AUTH_KEY_ENCRYPTION_KEY");
  }
});

test("by command a new key signs when the command returns; tokens of the old one stay good until they expire", async () => {
  const [one, other] = [aReplica(), aReplica()];
  await one.ring.start();
  await other.ring.start();
  const before = one.issue();
  const [old] = await kids(one.ring);
  const { kid, previousKids } = await one.ring.rotate(sleep);
  expect(kid).not.toBe(old);
  expect(previousKids).toEqual([old]);
  expect(headerOf(one.issue()).kid).toBe(kid);
  // The other replica has not read the new key yet.
  expect(await other.tokens.verify(one.issue())).toMatchObject({ userId: "user_1" });
  clock.advance(LIFETIME - 4000);
  expect(await aFresh(other.ring).verify(before)).toMatchObject({ userId: "user_1" });
  clock.advance(3_600_000);
  await one.ring.maintain();
  expect(await kids(one.ring)).toEqual([kid]);
});

test("by schedule a key is replaced after 30 days, published an hour before it signs", async () => {
  const { ring, issue, tokens } = aReplica();
  await ring.start();
  const [old] = await kids(ring);
  clock.advance(30 * DAY - 1);
  await ring.maintain();
  expect(await kids(ring)).toEqual([old]);
  clock.advance(1);
  await ring.maintain();
  await ring.maintain();
  const [, next] = await kids(ring);
  expect(await kids(ring)).toEqual([old, next]);
  expect(headerOf(issue()).kid).toBe(old);
  clock.advance(SCHEDULE_LEAD_MS - 1);
  const last = issue();
  clock.advance(1);
  expect(headerOf(issue()).kid).toBe(next);
  clock.advance(LIFETIME - 1001);
  expect(await tokens.verify(last)).toMatchObject({ userId: "user_1" });
});

test("a command overtakes a key that waits for its hour; also two of them at once", async () => {
  // Its end would be later than its hour: then only being overtaken keeps it from signing.
  const { ring, issue } = aReplica(KEY, 2 * SCHEDULE_LEAD_MS);
  await ring.start();
  clock.advance(31 * DAY);
  await ring.maintain();
  const pending = (await kids(ring)).at(-1);
  const before = clock.now();
  const [first, second] = await Promise.all([ring.rotate(sleep), ring.rotate(sleep)]);
  expect(clock.now() - before).toBeLessThanOrEqual(2 * COMMAND_LEAD_MS);
  const signing = headerOf(issue()).kid;
  expect([first.kid, second.kid]).toContain(signing);
  clock.advance(SCHEDULE_LEAD_MS + 1);
  expect(headerOf(issue()).kid).toBe(signing);
  expect(signing).not.toBe(pending);
});

/** Verifies by what is in the ring, without remembered tokens. */
function aFresh(ring: KeyRing) {
  return createAccessTokens(ring, { issuer: "plinth", audience: "plinth-api", now });
}

function headerOf(token: string): { kid: string } {
  return JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString());
}
