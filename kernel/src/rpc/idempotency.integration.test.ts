import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { EchoService } from "@plinth/proto/testing/v1/echo_pb";
import { Pool } from "pg";
import { createEchoProbe, echoHandlers } from "../testing/echo-handlers.ts";
import { type EchoServers, startEchoServers } from "../testing/echo-servers.ts";
import { createTestDatabase, type TestDatabase } from "../testing/test-postgres.ts";
import { IDEMPOTENCY_EFFECT_SQL, IDEMPOTENCY_TABLE_SQL, SqlIdempotencyStore } from "./idempotency-store.ts";

let database: TestDatabase;
let pool: Pool;
let store: SqlIdempotencyStore;
let echo: EchoServers;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = new Pool({ connectionString: database.adminUrl });
  // The database is dropped with force: a connection that is just closing hears of it.
  pool.on("error", () => undefined);
  await pool.query(IDEMPOTENCY_TABLE_SQL);
  await pool.query(IDEMPOTENCY_EFFECT_SQL);
  store = new SqlIdempotencyStore({ query: async (sql, parameters) => (await pool.query(sql, [...parameters])).rows });
  echo = await startEchoServers({ idempotency: store });
}, 60_000);

afterAll(async () => {
  await echo.servers.stop(1000);
  await pool.end();
  await database.drop();
});

beforeEach(() => pool.query("delete from idempotency_keys"));

async function create(key: string, title = "A", headers: Record<string, string> = {}) {
  const response = await fetch(`${echo.httpUrl}/api/v1/shelves/top/notes`, {
    method: "POST",
    headers: { "x-service-token": "service:blog", "content-type": "application/json", "idempotency-key": key, ...headers },
    body: JSON.stringify({ title }),
  });
  return {
    status: response.status,
    replayed: response.headers.get("idempotency-replayed"),
    body: (await response.json()) as Record<string, never>,
  };
}

const dataOf = (answer: { body: Record<string, unknown> }) => answer.body.data;
const reasonOf = (answer: { body: Record<string, unknown> }) => (answer.body.error as { details: { reason: string } }).details.reason;

describe("an Idempotency-Key", () => {
  test("gives the first answer again, with its status, and has one effect", async () => {
    const before = echo.probe.created;
    const first = await create("k1");
    const second = await create("k1");
    expect(first).toMatchObject({ status: 201, replayed: null });
    expect(second).toMatchObject({ status: 201, replayed: "true" });
    expect(dataOf(second)).toEqual(dataOf(first));
    expect(echo.probe.created).toBe(before + 1);
  });

  test("with another request is refused", async () => {
    await create("k1", "A");
    const other = await create("k1", "B");
    expect(other.status).toBe(422);
    expect(reasonOf(other)).toBe("IDEMPOTENCY_CONFLICT");
  });

  test("belongs to one user", async () => {
    const before = echo.probe.created;
    await create("k1", "A", { authorization: "Bearer user:ann" });
    await create("k1", "A", { authorization: "Bearer user:bob" });
    await create("k1", "A", { "x-tenant-id": "globex" });
    expect(echo.probe.created).toBe(before + 3);
  });

  describe("of a guest", () => {
    const GUEST = { "x-service-token": "service:gateway" };
    const publish = async (id: string, reason: string, headers: Record<string, string> = {}) => {
      const response = await fetch(`${echo.httpUrl}/api/v1/notes/${id}:publish`, {
        method: "POST",
        headers: { ...GUEST, "content-type": "application/json", "idempotency-key": "k1", ...headers },
        body: JSON.stringify({ reason }),
      });
      const body = (await response.json()) as Record<string, unknown>;
      return { status: response.status, replayed: response.headers.get("idempotency-replayed"), body };
    };

    test("belongs to whoever knows what the request is about", async () => {
      expect(await publish("of-ann", "A")).toMatchObject({ status: 200, replayed: null });
      expect(await publish("of-bob", "A")).toMatchObject({ status: 200, replayed: null, body: { data: { id: "of-bob" } } });
      expect(await publish("of-ann", "A")).toMatchObject({ status: 200, replayed: "true", body: { data: { id: "of-ann" } } });
      expect(reasonOf(await publish("of-ann", "B"))).toBe("IDEMPOTENCY_CONFLICT");
      expect(await publish("of-ann", "A", { authorization: "Bearer user:ann" })).toMatchObject({ replayed: null });
    });

    test("does not count where nothing tells one guest from another", async () => {
      const before = echo.probe.created;
      const [first, second] = [await create("k1", "A", GUEST), await create("k1", "A", GUEST)];
      expect([first.status, second.status, second.replayed]).toEqual([201, 201, null]);
      expect(dataOf(second)).not.toEqual(dataOf(first));
      expect(echo.probe.created).toBe(before + 2);
      expect((await pool.query("select 1 from idempotency_keys")).rows).toEqual([]);
    });
  });

  test("sent many times at once has one effect", async () => {
    const before = echo.probe.created;
    const answers = await Promise.all(Array.from({ length: 20 }, () => create("k1")));
    expect(new Set(answers.map((answer) => JSON.stringify(dataOf(answer)))).size).toBe(1);
    expect(echo.probe.created).toBe(before + 1);
  });

  test("is left to methods that keep theirs with what they make", async () => {
    const services = [{ service: EchoService, handlers: echoHandlers(createEchoProbe()), ownKeys: ["createNote"] }];
    const own = await startEchoServers({ idempotency: store, services });
    const kept = echo;
    echo = own;
    try {
      expect([(await create("k1")).replayed, (await create("k1")).replayed]).toEqual([null, null]);
      expect((await pool.query("select 1 from idempotency_keys")).rows).toEqual([]);
    } finally {
      echo = kept;
      await own.servers.stop(1000);
    }
    const mistaken = [{ service: EchoService, handlers: echoHandlers(createEchoProbe()), ownKeys: ["creatNote"] }];
    await expect(startEchoServers({ services: mistaken })).rejects.toThrow("no method creatNote");
  });

  test("that cannot be kept is refused", async () => {
    expect(reasonOf(await create("x".repeat(256)))).toBe("INVALID_IDEMPOTENCY_KEY");
  });

  test("keeps refusals, but no failures", async () => {
    const fail = async (code: string, key: string) => {
      const response = await fetch(`${echo.httpUrl}/api/v1/fail`, {
        method: "POST",
        headers: { "x-service-token": "service:blog", "content-type": "application/json", "idempotency-key": key },
        body: JSON.stringify({ code }),
      });
      return {
        status: response.status,
        replayed: response.headers.get("idempotency-replayed"),
        body: (await response.json()) as Record<string, unknown>,
      };
    };
    for (const [code, status, kept] of [
      ["CONFLICT", 409, true],
      ["NOT_FOUND", 404, true],
      ["INTERNAL_ERROR", 500, false],
      ["SERVICE_UNAVAILABLE", 503, false],
      ["RATE_LIMITED", 429, false],
    ] as const) {
      const first = await fail(code, `f-${code}`);
      const second = await fail(code, `f-${code}`);
      expect({ code, status: first.status, again: second.status }).toEqual({ code, status, again: status });
      expect({ code, kept: second.replayed }).toEqual({ code, kept: kept ? "true" : null });
      expect(second.body.error).toEqual(first.body.error);
    }
  });
});

describe("the store", () => {
  const fingerprint = Buffer.from("same");
  const answer = { kind: "message", bytes: Buffer.from("42"), restStatus: 200 } as const;

  test("frees a key whose worker is gone after its lease, and the late worker changes nothing", async () => {
    const first = await store.begin("s", "k", fingerprint, 60_000);
    expect((await store.begin("s", "k", fingerprint, 60_000)).kind).toBe("in-progress");
    await pool.query("update idempotency_keys set lease_until = now() - interval '1 second'");
    const second = await store.begin("s", "k", fingerprint, 60_000);
    if (first.kind !== "started" || second.kind !== "started") throw new Error("Not started.");
    await store.complete("s", "k", first.owner, { ...answer, bytes: Buffer.from("late") });
    await store.release("s", "k", first.owner);
    expect((await store.begin("s", "k", fingerprint, 60_000)).kind).toBe("in-progress");
    await store.complete("s", "k", second.owner, answer);
    expect(await store.begin("s", "k", fingerprint, 60_000)).toEqual({ kind: "replay", answer });
  });

  const sql = { query: async (text: string, parameters: readonly unknown[]) => (await pool.query(text, [...parameters])).rows };

  async function begun(): Promise<string> {
    const result = await store.begin("s", "k", fingerprint, 60_000);
    if (result.kind !== "started") throw new Error(`It is ${result.kind}.`);
    return result.owner;
  }

  test("does not do again what was done, though its answer is lost", async () => {
    const owner = await begun();
    await store.mark(sql, "s", "k", owner);
    // The worker hears that its commit failed, when it had not.
    await store.release("s", "k", owner);
    expect((await store.begin("s", "k", fingerprint, 60_000)).kind).toBe("in-progress");
    await pool.query("update idempotency_keys set lease_until = now() - interval '1 second'");
    expect((await store.begin("s", "k", fingerprint, 60_000)).kind).toBe("lost");
    // It may have been slow, not dead.
    await store.complete("s", "k", owner, answer);
    expect(await store.begin("s", "k", fingerprint, 60_000)).toEqual({ kind: "replay", answer });
  });

  test("lets nobody do the work who comes after the lease, when another one has begun", async () => {
    const late = await begun();
    await pool.query("update idempotency_keys set lease_until = now() - interval '1 second'");
    const owner = await begun();
    await expect(store.mark(sql, "s", "k", late)).rejects.toMatchObject({ reason: "IDEMPOTENCY_TAKEN_OVER" });
    await store.mark(sql, "s", "k", owner);
  });

  test("forgets after 24 hours and sweeps", async () => {
    await store.begin("s", "k", fingerprint, 60_000);
    await store.begin("s", "other", fingerprint, 60_000);
    await pool.query("update idempotency_keys set expires_at = now() - interval '1 second' where key = 'k'");
    expect((await store.begin("s", "k", Buffer.from("another"), 60_000)).kind).toBe("started");
    await pool.query("update idempotency_keys set expires_at = now() - interval '1 second' where key = 'k'");
    expect(await store.sweep()).toBe(1);
    const { rows } = await pool.query("select key from idempotency_keys");
    expect(rows).toEqual([{ key: "other" }]);
  });
});
