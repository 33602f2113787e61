import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Client } from "pg";
import { EntitySchema } from "typeorm";
import { conflict, PlinthError } from "../base/errors.ts";
import { type RequestContext, runInContext } from "../base/request-context.ts";
import type { LogFields, Logger } from "../logging/logger.ts";
import { deadlineSignal } from "../resilience/deadline.ts";
import { createTestDatabase, type TestDatabase } from "../testing/test-postgres.ts";
import { ALL_TENANTS, type Statement, type Transaction } from "./database.ts";
import { onUniqueViolation } from "./database-errors.ts";
import { sqlMigration } from "./migration.ts";
import { type OpenDatabase, openDatabase } from "./open-database.ts";
import type { ProvisionedModule } from "./provision-module.ts";
import { enableTenancySql } from "./tenancy.ts";

interface Note {
  id: number;
  text: string;
  tenantId?: string;
}

const NoteEntity = new EntitySchema<Note>({
  name: "note",
  tableName: "notes",
  columns: {
    id: { type: "int", primary: true },
    text: { type: "text" },
    tenantId: { name: "tenant_id", type: "text", insert: false },
  },
});

const notes = {
  name: "notes",
  migrations: [
    sqlMigration(
      "0001-notes",
      `create table notes (id int primary key, text text not null, tenant_id text not null default current_setting('plinth.tenant'));
       create table counters (id int primary key, value int not null);
       insert into counters values (1, 0), (2, 0);
       ${enableTenancySql("notes")}`,
    ),
  ],
};

let testDatabase: TestDatabase;
let provisioned: ProvisionedModule;
let database: OpenDatabase;
const lines: { message: string; fields: LogFields | undefined }[] = [];
const log = (message: string, fields?: LogFields): void => void lines.push({ message, fields });
const logger: Logger = { error: log, warn: log, info: log, debug: log, child: () => logger };

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  provisioned = await testDatabase.provision("note-book", [notes]);
  database = await openDatabase({
    url: provisioned.url,
    schema: provisioned.schema,
    entities: [NoteEntity],
    logger,
    slowQueryMs: 100,
    detectRepeatedQueries: true,
  });
});

afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

const count = async (tx: Transaction): Promise<number> =>
  Number((await tx.query<{ count: string }>("select count(*) from notes"))[0]?.count);

function aContext(partial: Partial<RequestContext> = {}): RequestContext {
  return { requestId: "r", traceId: "", module: "note-book", tenantId: "default", signal: new AbortController().signal, ...partial };
}

describe("a transaction", () => {
  test("commits what its work wrote, by SQL and by entity, and rolls back when the work throws", async () => {
    await database.transaction(async (tx) => {
      await tx.query("insert into notes (id, text) values ($1, $2)", [1, "by SQL"]);
      await tx.manager.insert(NoteEntity, { id: 2, text: "by entity" });
      await tx.manager.transaction(async (nested) => void (await nested.insert(NoteEntity, { id: 3, text: "nested" })));
    });
    const failed = database.transaction(async (tx) => {
      await tx.query("insert into notes (id, text) values (4, 'never')");
      throw new Error("changed my mind");
    });
    await expect(failed).rejects.toThrow("changed my mind");
    const found = await database.read((tx) => tx.manager.find(NoteEntity, { order: { id: "asc" } }));
    expect(found.map(({ text }) => text)).toEqual(["by SQL", "by entity", "nested"]);
    expect(found[0]?.tenantId).toBe("default");
  });

  test("is not opened for what only reads, unless it is to see one moment", async () => {
    const moments = async (tx: Transaction) => [
      (await tx.query<{ now: Date }>("select now()::text as now"))[0]?.now,
      (await tx.query<{ now: Date }>("select now()::text as now"))[0]?.now,
    ];
    const [first, second] = await database.read(moments);
    expect(first).not.toBe(second);
    const [third, fourth] = await database.read(moments, { isolation: "repeatable read" });
    expect(third).toBe(fourth);
  });

  test("shows the rows of its tenant, whatever the connection was used for before", async () => {
    const single = await openDatabase({
      ...{ url: provisioned.url, schema: provisioned.schema, entities: [], logger },
      pool: { max: 1, min: 1 },
    });
    const tenantNow = (tx: Statement) => tx.query<{ tenant: string }>("select current_setting('plinth.tenant') as tenant");
    const seen: (string | undefined)[] = [];
    for (const tenantId of ["one", "two", "two", ALL_TENANTS]) {
      seen.push((await single.read(tenantNow, { tenantId }))[0]?.tenant);
      seen.push((await single.statement(tenantNow, { tenantId }))[0]?.tenant);
      const failing = single.transaction(
        async () => {
          throw new Error("changed my mind");
        },
        { tenantId: "three" },
      );
      await expect(failing).rejects.toThrow("changed my mind");
      // Its COMMIT is a rollback, which takes the tenant back.
      await single.transaction((tx) => tx.query("select 1 / 0").catch(() => undefined), { tenantId: "four" });
      seen.push((await single.statement(tenantNow, { tenantId: "four" }))[0]?.tenant);
      seen.push((await single.transaction(tenantNow, { tenantId }))[0]?.tenant);
    }
    await single.close();
    expect(seen).toEqual(["one", "two", "two", ALL_TENANTS].flatMap((tenantId) => [tenantId, tenantId, "four", tenantId]));
  });

  test("of one statement is that statement, unless the request must be noted with it", async () => {
    const texts: string[] = [];
    const counted = await openDatabase({
      ...{ url: provisioned.url, schema: provisioned.schema, entities: [], logger, pool: { max: 2, min: 1 } },
      metrics: { query: () => texts.push("query"), transaction: () => undefined, remembered: () => undefined },
    });
    const note = (id: number) =>
      counted.statement((tx) => tx.query<{ id: number }>("insert into notes (id, text) values ($1, 'alone') returning id", [id]));
    await note(20);
    texts.length = 0;
    expect(await note(21)).toEqual([{ id: 21 }]);
    expect(texts).toHaveLength(1);

    const refused = runInContext(aContext({ beforeEachCommit: () => Promise.reject(new Error("not noted")) }), () => note(22));
    await expect(refused).rejects.toThrow("not noted");
    const twice = counted.statement(async (tx) => {
      await tx.query("insert into notes (id, text) values (23, 'first')");
      await tx.query("insert into notes (id, text) values (24, 'second')");
    });
    await expect(twice).rejects.toThrow("needs transaction()");
    expect(await counted.read((tx) => tx.query("select id from notes where id between 20 and 24 order by id"))).toEqual(
      [20, 21, 23].map((id) => ({ id })),
    );
    await counted.close();
  });

  test("a nested TypeORM transaction that fails takes back only its own writes", async () => {
    await database.transaction(async (tx) => {
      await tx.query("insert into notes (id, text) values (10, 'outer')");
      const nested = tx.manager.transaction(async (inner) => {
        await inner.insert(NoteEntity, { id: 11, text: "inner" });
        throw new Error("inner only");
      });
      await expect(nested).rejects.toThrow("inner only");
    });
    const ids = await database.read((tx) => tx.query<{ id: number }>("select id from notes where id in (10, 11)"));
    expect(ids).toEqual([{ id: 10 }]);
  });

  test("read refuses to write", async () => {
    await expect(database.read((tx) => tx.query("insert into notes (id, text) values (5, 'x')"))).rejects.toThrow("read-only");
  });

  test("a query after its end is refused instead of landing in somebody else's transaction", async () => {
    let leaked: Transaction | undefined;
    await database.transaction(async (tx) => {
      leaked = tx;
    });
    await expect(leaked?.query("select 1")).rejects.toThrow("Await every query");
  });

  test("is tried again when it collides with another, until both have taken effect", async () => {
    const increment = (first: number, second: number) =>
      database.transaction(
        async (tx) => {
          const rows = await tx.query<{ sum: number }>("select sum(value)::int as sum from counters");
          await tx.query("update counters set value = $1 where id = $2", [(rows[0]?.sum ?? 0) + 1, first]);
          await tx.query("select pg_sleep(0.02), $1::int", [second]);
        },
        { isolation: "serializable" },
      );
    await Promise.all([increment(1, 2), increment(2, 1)]);
    const [row] = await database.read((tx) => tx.query<{ top: number }>("select max(value) as top from counters"));
    // Without the retry one is refused; without serializability both write 1.
    expect(row?.top).toBe(2);
  });

  test("deadlocked work is tried again as well", async () => {
    let attempts = 0;
    let meet = (): void => {};
    const both = new Promise<void>((resolve) => (meet = resolve));
    let arrived = 0;
    const lockInOrder = (first: number, second: number) =>
      database.transaction(async (tx) => {
        attempts++;
        await tx.query("update counters set value = value where id = $1", [first]);
        if (++arrived === 2) meet();
        await both;
        await tx.query("update counters set value = value where id = $1", [second]);
      });
    await Promise.all([lockInOrder(1, 2), lockInOrder(2, 1)]);
    expect(attempts).toBeGreaterThan(2);
  });

  test("gives up after five collisions and says that trying again may help", async () => {
    let tries = 0;
    const work = database.transaction(async (tx) => {
      tries++;
      await tx.query("do $$ begin raise exception 'collision' using errcode = '40001'; end $$");
    });
    await expect(work).rejects.toMatchObject({ code: "CONFLICT", reason: "ABORTED" });
    expect(tries).toBe(5);
  });
});

describe("the tenant", () => {
  test("comes from the context; a forgotten WHERE sees no other tenant's rows, nor changes them", async () => {
    await database.transaction((tx) => tx.query("insert into notes (id, text) values (100, 'acme')"), { tenantId: "acme" });
    const seen = await runInContext(aContext({ tenantId: "acme" }), () =>
      database.transaction(async (tx) => {
        await tx.query("update notes set text = 'taken'");
        return tx.query<{ id: number }>("select id from notes");
      }),
    );
    expect(seen).toEqual([{ id: 100 }]);
    const others = await database.read((tx) => tx.query<{ n: number }>("select count(*)::int as n from notes where text = 'taken'"));
    expect(others).toEqual([{ n: 0 }]);
  });

  test("of another cannot be written to; ALL_TENANTS sees everything but must name one to write", async () => {
    const foreign = database.transaction((tx) => tx.query("insert into notes (id, text, tenant_id) values (101, 'x', 'other')"), {
      tenantId: "acme",
    });
    await expect(foreign).rejects.toThrow("row-level security");
    const everyone = await database.read(count, { tenantId: ALL_TENANTS });
    expect(everyone).toBeGreaterThan(await database.read(count, { tenantId: "acme" }));
    const nobody = database.transaction((tx) => tx.query("insert into notes (id, text) values (102, 'x')"), { tenantId: ALL_TENANTS });
    await expect(nobody).rejects.toThrow("row-level security");
  });

  test("raw SQL of the service role and of the owner see nothing without one", async () => {
    for (const url of [provisioned.url, provisioned.ownerUrl]) {
      const client = new Client({ connectionString: url });
      await client.connect();
      try {
        expect((await client.query("select * from note_book.notes")).rows).toEqual([]);
      } finally {
        await client.end();
      }
    }
  });

  test.each(["o'brien\\", "a\0b", "", "**", "a b"])("%j is no tenant's name", async (tenantId) => {
    await expect(database.read(count, { tenantId })).rejects.toMatchObject({ code: "BAD_REQUEST", reason: "INVALID_TENANT" });
  });

  test("text with U+0000 is the caller's fault, in columns and in jsonb", async () => {
    for (const sql of ["select $1::text", "select $1::jsonb"]) {
      const work = database.read((tx) => tx.query(sql, [sql.includes("jsonb") ? '"a\\u0000"' : "a\0"]));
      await expect(work).rejects.toMatchObject({ code: "BAD_REQUEST", reason: "UNSTORABLE_TEXT" });
    }
  });
});

describe("the service role", () => {
  test("cannot define, nor write the list of migrations", async () => {
    await expect(database.transaction((tx) => tx.query("create table mine (id int)"))).rejects.toThrow("permission denied");
    await expect(database.transaction((tx) => tx.query("alter table notes disable row level security"))).rejects.toThrow("must be owner");
    await expect(database.transaction((tx) => tx.query("delete from migrations"))).rejects.toThrow("permission denied");
  });

  test("cannot reach another module's schema", async () => {
    await testDatabase.provision("diary", [{ name: "diary", migrations: [sqlMigration("0001-days", "create table days (id int)")] }]);
    await expect(database.read((tx) => tx.query("select * from diary.days"))).rejects.toThrow("permission denied");
  });
});

describe("time and failure", () => {
  test("an abort ends the running statement, and its connection is not used again", async () => {
    const abort = new AbortController();
    const work = database.transaction(
      async (tx) => {
        const sleeping = tx.query("select pg_sleep(60)");
        abort.abort(new Error("caller went away"));
        await sleeping;
      },
      { signal: abort.signal },
    );
    await expect(work).rejects.toThrow("caller went away");
    await database.ping();
  });

  test("the request's deadline bounds every statement", async () => {
    const sleep = (tx: Transaction) => tx.query("select pg_sleep(60)");
    const within = (work: () => Promise<unknown>): Promise<unknown> => {
      const deadline = Date.now() + 50;
      return runInContext(aContext({ deadline, signal: deadlineSignal(deadline).signal }), work);
    };
    for (const work of [() => database.read(sleep), () => database.transaction(sleep)]) {
      expect(PlinthError.from(await within(work).catch((error: unknown) => error))).toMatchObject({ code: "TIMEOUT" });
    }
    // Also where somebody else's signal ends the work.
    const { signal } = new AbortController();
    await expect(within(() => database.read(sleep, { signal }))).rejects.toMatchObject({ code: "TIMEOUT" });
  });

  test("a passed deadline does not even begin", async () => {
    const work = runInContext(aContext({ deadline: Date.now() - 1 }), () => database.read(async () => "ran"));
    await expect(work).rejects.toMatchObject({ code: "TIMEOUT" });
  });

  test("connections cut while idle are replaced without the caller noticing", async () => {
    await Promise.all([database.ping(), database.ping(), database.ping()]);
    await cutConnections();
    const one = (tx: Transaction) => tx.query("select 1 as one");
    expect(await Promise.all([database.read(one), database.transaction(one)])).toEqual([[{ one: 1 }], [{ one: 1 }]]);
  });

  test("a connection cut in the middle is SERVICE_UNAVAILABLE", async () => {
    const work = database.transaction(async (tx) => {
      await tx.query("select 1");
      await cutConnections();
      await tx.query("select 2");
    });
    await expect(work).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
  });

  test("a database that is not there is SERVICE_UNAVAILABLE", async () => {
    const url = new URL(provisioned.url);
    url.port = "1";
    const opened = openDatabase({ url: url.href, schema: "x", entities: [], logger });
    await expect(opened).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
  });

  test("a unique violation becomes what the module says about its constraint", async () => {
    const insertTwice = database.transaction(async (tx) => {
      await tx.manager.insert(NoteEntity, { id: 200, text: "once" });
      await tx.manager.insert(NoteEntity, { id: 200, text: "twice" });
    });
    const named = insertTwice.catch((error: unknown) => {
      throw onUniqueViolation(error, (constraint) => (constraint === "notes_pkey" ? conflict("There is such a note.") : undefined));
    });
    await expect(named).rejects.toMatchObject({ code: "CONFLICT", message: "There is such a note." });
  });

  test("a failed statement does not carry its values to whoever logs the error", async () => {
    const failed = database.transaction((tx) => tx.manager.query("insert into notes (id, text) values ($1, $2)", [null, "a secret"]));
    const error: unknown = await failed.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "23502", parameters: undefined });
  });
});

describe("watching", () => {
  test("slow statements are logged by their text", async () => {
    lines.length = 0;
    await database.read((tx) => tx.query("select pg_sleep($1)", [0.11]));
    expect(lines).toEqual([{ message: "Slow query", fields: { sql: "select pg_sleep($1)", milliseconds: expect.any(Number) } }]);
  });

  test("what is to come before the commit runs after the work, in order, and can still undo it", async () => {
    const order: string[] = [];
    const last = (name: string, fail: boolean) => async (): Promise<void> => {
      order.push(name);
      if (fail) throw conflict("Not like this.");
    };
    const insert = (fail: boolean): Promise<void> =>
      database.transaction(async (tx) => {
        tx.beforeCommit(last("first", false));
        tx.beforeCommit(last("second", fail));
        await tx.query("insert into notes (id, text) values (9001, 'last')");
        order.push("work");
      });
    const count = (): Promise<unknown[]> => database.read((tx) => tx.query("select id from notes where id = 9001"));
    await expect(insert(true)).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await count()).toEqual([]);
    await insert(false);
    expect(await count()).toHaveLength(1);
    expect(order).toEqual(["work", "first", "second", "work", "first", "second"]);
  });

  test("the same statement in a loop is pointed out once per request", async () => {
    lines.length = 0;
    await runInContext(aContext(), () =>
      database.read(async (tx) => {
        for (let id = 0; id < 20; id++) await tx.query("select text from notes where id = $1", [id]);
      }),
    );
    expect(lines.map(({ message }) => message)).toEqual(["The same query ran many times in one request; load the rows together"]);
  });
});

async function cutConnections(): Promise<void> {
  const client = new Client({ connectionString: testDatabase.adminUrl });
  await client.connect();
  await client.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'plinth-note_book'",
  );
  await client.end();
}
