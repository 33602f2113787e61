import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ALL_TENANTS, loadMigrations, type OpenDatabase, openDatabase } from "@plinth/kernel/database";
import type { Logger } from "@plinth/kernel/logging";
import { createTestDatabase, type TestDatabase } from "@plinth/kernel/testing";
import { Retention } from "../src/store/retention.ts";

const POLICY = { accessLifetimeMs: 900_000, refreshLifetimeMs: 7 * 86_400_000, refreshGraceMs: 30_000 };
const NOW = new Date("2026-06-01T00:00:00Z");
const ago = (ms: number) => new Date(NOW.getTime() - ms);
const DAY = 86_400_000;

let testDatabase: TestDatabase;
let database: OpenDatabase;
let retention: Retention;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const { url, schema } = await testDatabase.provision("auth", [await loadMigrations("auth", join(import.meta.dirname, "../migrations"))]);
  const logger = { info() {}, warn() {}, error() {}, debug() {} } as unknown as Logger;
  database = await openDatabase({ url, schema, entities: [], logger });
  retention = new Retention(database);
}, 60_000);
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

const sql = <Row>(text: string, parameters: readonly unknown[] = []) =>
  database.transaction((tx) => tx.query<Row>(text, parameters), { tenantId: ALL_TENANTS });
const names = async (table: string, column: string) =>
  (await sql<{ name: string }>(`select ${column} as name from ${table} order by 1`)).map(({ name }) => name);

async function aSession(id: string, expiresAt: Date, revokedAt: Date | null, tenantId = "default"): Promise<void> {
  await sql(
    `insert into sessions (id, tenant_id, user_id, email, token_hash, address, user_agent, created_at, last_used_at, expires_at, revoked_at)
     values ($1, $2, 'u', '', $3, '', '', $4, $4, $5, $6)`,
    [id, tenantId, Buffer.from(id), ago(DAY), expiresAt, revokedAt],
  );
}

async function aSpentToken(hash: string, sessionId: string, spentAt: Date): Promise<void> {
  const values = [Buffer.from(hash), sessionId, spentAt, Buffer.from("client"), Buffer.from("pair")];
  await sql(
    "insert into spent_tokens (hash, tenant_id, session_id, spent_at, client, successor) values ($1, 'default', $2, $3, $4, $5)",
    values,
  );
}

test("sessions go when they are over and their access tokens too, with their spent tokens; in every tenant", async () => {
  await aSession("live", ago(-DAY), null);
  await aSession("live in acme", ago(-DAY), null, "acme");
  await aSession("expired in acme", ago(1), null, "acme");
  await aSession("expired", ago(1), null);
  await aSession("just revoked", ago(-DAY), ago(60_000));
  await aSession("long revoked", ago(-DAY), ago(3_600_000));
  await aSpentToken("of expired", "expired", ago(DAY));
  await aSpentToken("of live", "live", ago(DAY));
  await aSpentToken("of live, old", "live", ago(8 * DAY));
  expect((await retention.revokedSince(ago(POLICY.accessLifetimeMs))).map(({ id }) => id)).toEqual(["just revoked"]);
  await retention.removeSessions(NOW, POLICY);
  expect(await names("sessions", "id")).toEqual(["just revoked", "live", "live in acme"]);
  expect(await names("spent_tokens", "convert_from(hash, 'utf8')")).toEqual(["of live"]);
});

test("the pair that followed a spent token is kept for as long as it may be repeated", async () => {
  await sql("delete from spent_tokens");
  await aSpentToken("now", "live", ago(29_000));
  await aSpentToken("a minute ago", "live", ago(60_000));
  await aSpentToken("days ago", "live", ago(2 * DAY));
  const kept = () => names("spent_tokens where successor is not null", "convert_from(hash, 'utf8')");
  await retention.dropSuccessors(NOW, POLICY);
  expect(await kept()).toEqual(["days ago", "now"]);
  await retention.removeTraces(NOW, POLICY);
  expect(await kept()).toEqual(["now"]);
});

test("guards, devices and cut-offs are forgotten when they no longer matter", async () => {
  const aGuard = (network: string, touchedAt: Date, succeededAt: Date | null) =>
    sql("insert into login_guards (tenant_id, account, network, touched_at, succeeded_at) values ('default', $1, $2, $3, $4)", [
      Buffer.from("account"),
      network,
      touchedAt,
      succeededAt,
    ]);
  await aGuard("failed today", ago(3_600_000), null);
  await aGuard("failed days ago", ago(3 * DAY), null);
  await aGuard("known", ago(100 * DAY), ago(100 * DAY));
  await aGuard("known once", ago(200 * DAY), ago(200 * DAY));
  for (const [user, days] of [
    ["seen", 100],
    ["unseen", 200],
  ] as const) {
    await sql("insert into devices (tenant_id, user_id, fingerprint, seen_at) values ('default', $1, $2, $3)", [
      user,
      Buffer.from(user),
      ago(days * DAY),
    ]);
  }
  for (const [user, days] of [
    ["new", 0.5],
    ["old", 2],
  ] as const) {
    await sql("insert into session_cutoffs (tenant_id, user_id, before) values ('default', $1, $2)", [user, ago(days * DAY)]);
  }
  await retention.removeTraces(NOW, POLICY);
  expect(await names("login_guards", "network")).toEqual(["failed today", "known"]);
  expect(await names("devices", "user_id")).toEqual(["seen"]);
  expect(await names("session_cutoffs", "user_id")).toEqual(["new"]);
});
