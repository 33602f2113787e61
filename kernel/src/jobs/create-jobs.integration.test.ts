import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { Client, Pool } from "pg";
import { currentContext, runInContext } from "../base/request-context.ts";
import { type OpenDatabase, openDatabase } from "../database/open-database.ts";
import type { ProvisionedModule } from "../database/provision-module.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import { eventually } from "../testing/eventually.ts";
import { createTestDatabase, type TestDatabase } from "../testing/test-postgres.ts";
import { createJobs, type JobsMetrics } from "./create-jobs.ts";
import type { Jobs } from "./jobs.ts";
import { releaseLostJobs } from "./lost-workers.ts";
import { migrateJobs } from "./migrate-jobs.ts";

let testDatabase: TestDatabase;
let provisioned: ProvisionedModule;
let database: OpenDatabase;
const started: Jobs[] = [];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  provisioned = await testDatabase.provision("mailer");
  await Promise.all([1, 2].map(() => migrateJobs({ url: provisioned.ownerUrl, schema: provisioned.schema, logger: silentLogger })));
  database = await openDatabase({ url: provisioned.url, schema: provisioned.schema, entities: [], logger: silentLogger });
});

afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

beforeEach(async () => {
  await database.transaction((tx) => tx.query("delete from mailer_jobs._private_jobs"));
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((jobs) => jobs.stop()));
});

function newJobs(metrics?: JobsMetrics, concurrency = 5): Jobs {
  const jobs = createJobs({
    module: "mailer",
    url: provisioned.url,
    schema: provisioned.schema,
    logger: silentLogger,
    concurrency,
    ...(metrics === undefined ? {} : { metrics }),
  });
  started.push(jobs);
  return jobs;
}

/** A list that can be awaited until it holds enough. */
function collector<T>(): { items: T[]; add(item: T): void; atLeast(count: number): Promise<T[]> } {
  const items: T[] = [];
  const waiting: { count: number; resolve: (items: T[]) => void }[] = [];
  return {
    items,
    add(item) {
      items.push(item);
      for (const { count, resolve } of waiting) if (items.length >= count) resolve(items);
    },
    atLeast: (count) => (items.length >= count ? Promise.resolve(items) : new Promise((resolve) => waiting.push({ count, resolve }))),
  };
}

const outcomes = (): { metrics: JobsMetrics; finished: ReturnType<typeof collector<string>> } => {
  const finished = collector<string>();
  return { metrics: { finished: (name, _seconds, outcome) => finished.add(`${name} ${outcome}`) }, finished };
};

describe("jobs", () => {
  test("run once, after the transaction that enqueued them, in its tenant and trace", async () => {
    const jobs = newJobs();
    const ran = collector<{ payload: unknown; tenantId: string | undefined; requestId: string | undefined; traceId: string | undefined }>();
    jobs.define("send", async (payload) => {
      const context = currentContext();
      ran.add({ payload, tenantId: context?.tenantId, requestId: context?.requestId, traceId: context?.trace?.traceId });
    });
    await jobs.start();
    const trace = { traceId: "a".repeat(32), spanId: "b".repeat(16), sampled: true };
    const context = {
      requestId: "request-1",
      traceId: trace.traceId,
      trace,
      module: "mailer",
      tenantId: "acme",
      signal: new AbortController().signal,
    };
    const rolledBack = database.transaction(async (tx) => {
      await jobs.enqueue(tx, "send", "never");
      throw new Error("rolled back");
    });
    await expect(rolledBack).rejects.toThrow("rolled back");
    await runInContext(context, () => database.transaction((tx) => jobs.enqueue(tx, "send", { to: "bob" })));
    await ran.atLeast(1);
    await eventually(async () => (await database.read((tx) => jobs.counts(tx))).running === 0);
    expect(ran.items).toEqual([{ payload: { to: "bob" }, tenantId: "acme", requestId: "request-1", traceId: trace.traceId }]);
    expect(await database.read((tx) => jobs.counts(tx))).toEqual({ waiting: 0, running: 0, failed: 0 });
  });

  test("are enqueued by a statement with what else it writes, which tells the workers, or not at all", async () => {
    const jobs = newJobs();
    jobs.define("send", async () => {});
    const told = collector<string>();
    const listener = new Client({ connectionString: provisioned.url });
    listener.on("notification", ({ payload = "" }) => told.add(payload));
    await listener.connect();
    await listener.query("listen mailer_jobs");
    const enqueueWhere = async (written: boolean) => {
      const [row] = await database.statement((tx) => {
        const job = jobs.prepare(tx, "send", { to: "bob" }, { uniqueKey: "once" });
        const sql = `with made as (select 1 where $1::boolean) select (select job.id from made, lateral (${job.subquery(2)}) as job) as id`;
        return tx.query<{ id: string | null }>(sql, [written, ...job.values]);
      });
      return row?.id;
    };
    expect(await enqueueWhere(false)).toBeNull();
    expect(await database.read((tx) => jobs.counts(tx))).toMatchObject({ waiting: 0 });
    const id = await enqueueWhere(true);
    expect(await told.atLeast(1)).toEqual([id]);
    expect(await database.read((tx) => jobs.counts(tx))).toMatchObject({ waiting: 1 });
    await listener.end();
  });

  test("are tried again until they succeed", async () => {
    const { metrics, finished } = outcomes();
    const jobs = newJobs(metrics);
    jobs.define("flaky", async (_, { attempt }) => {
      if (attempt === 1) throw new Error("not yet");
    });
    await jobs.start();
    await database.transaction((tx) => jobs.enqueue(tx, "flaky", {}));
    expect(await finished.atLeast(2)).toEqual(["flaky retry", "flaky ok"]);
  });

  test("that fail for good are listed, can be replayed, and deleted", async () => {
    const { metrics, finished } = outcomes();
    const jobs = newJobs(metrics);
    let broken = true;
    jobs.define("fragile", async () => {
      if (broken) throw new Error("the other side is gone");
    });
    jobs.define("hopeless", async () => {
      throw new Error("always");
    });
    await jobs.start();
    await database.transaction((tx) => jobs.enqueue(tx, "fragile", { n: 1 }, { maxAttempts: 1 }), { tenantId: "acme" });
    await finished.atLeast(1);
    await database.transaction((tx) => jobs.enqueue(tx, "hopeless", {}, { maxAttempts: 1 }));
    await eventually(async () => (await database.read((tx) => jobs.counts(tx))).failed === 2);
    const failed = await database.read((tx) => jobs.listFailed(tx));
    expect(failed.map(({ name }) => name)).toEqual(["hopeless", "fragile"]);
    expect(failed[1]).toMatchObject({ payload: { n: 1 }, tenantId: "acme", attempts: 1, lastError: "the other side is gone" });
    broken = false;
    expect(await database.transaction((tx) => jobs.replayFailed(tx, [failed[1]?.id ?? ""]))).toBe(1);
    expect((await finished.atLeast(3)).at(-1)).toBe("fragile ok");
    expect(await database.transaction((tx) => jobs.deleteFailed(tx, [failed[0]?.id ?? ""]))).toBe(1);
    expect(await database.read((tx) => jobs.listFailed(tx))).toEqual([]);
  });

  test("a waiting job is neither replayed nor deleted as failed", async () => {
    const jobs = newJobs();
    jobs.define("later", async () => {});
    const id = await database.transaction((tx) => jobs.enqueue(tx, "later", {}, { runAt: new Date(Date.now() + 3_600_000) }));
    expect(await database.transaction((tx) => jobs.deleteFailed(tx, [id]))).toBe(0);
    expect(await database.read((tx) => jobs.counts(tx))).toEqual({ waiting: 1, running: 0, failed: 0 });
  });

  test("with the same key replace each other while waiting, and can be cancelled", async () => {
    const jobs = newJobs();
    const ran = collector<unknown>();
    jobs.define("digest", async (payload) => ran.add(payload));
    await database.transaction(async (tx) => {
      await jobs.enqueue(tx, "digest", 1, { uniqueKey: "bob" });
      await jobs.enqueue(tx, "digest", 2, { uniqueKey: "bob" });
      await jobs.enqueue(tx, "digest", 3, { uniqueKey: "alice" });
      expect(await jobs.cancel(tx, "digest", "alice")).toBe(true);
      expect(await jobs.cancel(tx, "digest", "nobody")).toBe(false);
    });
    await jobs.start();
    await ran.atLeast(1);
    await eventually(async () => (await database.read((tx) => jobs.counts(tx))).running === 0);
    expect(ran.items).toEqual([2]);
  });

  test("that are serial run one at a time, in order", async () => {
    const jobs = newJobs();
    const ran = collector<string>();
    jobs.define<number>(
      "step",
      async (step) => {
        ran.add(`begin ${step}`);
        await database.read((tx) => tx.query("select pg_sleep(0.01)"));
        ran.add(`end ${step}`);
      },
      { serial: true },
    );
    await database.transaction(async (tx) => {
      for (const step of [1, 2, 3]) await jobs.enqueue(tx, "step", step);
    });
    await jobs.start();
    expect(await ran.atLeast(6)).toEqual(["begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3"]);
  });

  test("go on being done after another module's queue was migrated", async () => {
    const jobs = newJobs();
    const ran = collector<number>();
    jobs.define<number>("count", async (number) => ran.add(number));
    await jobs.start();
    const neighbour = await testDatabase.provision("neighbour");
    await migrateJobs({ url: neighbour.ownerUrl, schema: neighbour.schema, logger: silentLogger });
    await database.transaction((tx) => jobs.enqueue(tx, "count", 1));
    expect(await ran.atLeast(1)).toEqual([1]);
  });

  test("a stop lets the job in hand finish and takes no other", async () => {
    // With more, one that was just asking for work may still get some.
    const jobs = newJobs(undefined, 1);
    const begun = collector<number>();
    const ended: number[] = [];
    let finish = (): void => {};
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    jobs.define<number>(
      "slow",
      async (n) => {
        begun.add(n);
        await held;
        ended.push(n);
      },
      { serial: true },
    );
    await jobs.start();
    await database.transaction((tx) => jobs.enqueue(tx, "slow", 1));
    await begun.atLeast(1);
    const stopped = jobs.stop();
    await database.transaction((tx) => jobs.enqueue(tx, "slow", 2));
    finish();
    await stopped;
    expect(ended).toEqual([1]);
    expect(await database.read((tx) => jobs.counts(tx))).toEqual({ waiting: 1, running: 0, failed: 0 });
  });

  test("in the hands of a process that was killed are done by another", async () => {
    const jobs = newJobs();
    const ran = collector<unknown>();
    jobs.define("orphan", async (payload) => ran.add(payload));
    await database.transaction(async (tx) => {
      const id = await jobs.enqueue(tx, "orphan", "mine");
      await tx.query(
        "update mailer_jobs._private_jobs set locked_at = now() - interval '1 minute', locked_by = 'worker-gone' where id = $1",
        [id],
      );
    });
    await jobs.start();
    expect(await ran.atLeast(1)).toEqual(["mine"]);
  });

  test("in the hands of a living worker are left to it, however long they take", async () => {
    const [first, second] = [newJobs(), newJobs()];
    const begun = collector<string>();
    let finish = (): void => {};
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    for (const [name, jobs] of Object.entries({ first, second })) {
      jobs.define("long", async () => {
        begun.add(name);
        await held;
      });
    }
    await first.start();
    await database.transaction((tx) => first.enqueue(tx, "long", {}));
    await begun.atLeast(1);
    await eventually(async () => holdsLock());
    await database.transaction((tx) => tx.query("update mailer_jobs._private_jobs set locked_at = now() - interval '1 hour'"));
    await second.start();
    // Whoever has shown no life at two looks is lost.
    const pool = new Pool({ connectionString: provisioned.url });
    let looks = 0;
    const query = ((...parts: Parameters<Pool["query"]>) => {
      looks++;
      return pool.query(...parts);
    }) as Pool["query"];
    const end = await releaseLostJobs({ query }, "mailer_jobs", silentLogger, 10);
    await eventually(async () => looks > 3);
    end();
    await pool.end();
    const rows = await database.read((tx) => tx.query("select 1 from mailer_jobs._private_jobs where locked_at is not null"));
    finish();
    expect(rows).toHaveLength(1);
    await Promise.all([first.stop(), second.stop()]);
    expect(begun.items).toEqual(["first"]);
  });
});

describe("cron", () => {
  test("several missed times are made up for once, by one of the replicas", async () => {
    const ran = collector<number>();
    const minutes = [30, 20, 10].map((ago) => new Date(Date.now() - ago * 60_000).getUTCMinutes());
    const replicas = [1, 2, 3].map((replica) => {
      const jobs = newJobs();
      jobs.cron("expire", `${minutes.join(",")} * * * *`, async () => ran.add(replica));
      return jobs;
    });
    await database.transaction((tx) =>
      tx.query(`insert into mailer_jobs._private_known_crontabs (identifier, known_since, last_execution)
        values ('expire', now() - interval '1 day', date_trunc('minute', now() - interval '50 minutes'))`),
    );
    await Promise.all(replicas.map((jobs) => jobs.start()));
    await ran.atLeast(1);
    await eventually(async () => {
      const { running, waiting } = await database.read((tx) => newJobs().counts(tx));
      return running + waiting === 0;
    });
    expect(ran.items).toHaveLength(1);
  });
});

describe("definitions", () => {
  test("none means no worker and no connection", async () => {
    const jobs = createJobs({ module: "m", url: "postgres://nobody@127.0.0.1:1/none", schema: "m", logger: silentLogger });
    await jobs.start();
    expect(jobs.defined).toBe(false);
    await jobs.stop();
  });

  test("what is not defined cannot be enqueued, and nothing is defined twice", async () => {
    const jobs = newJobs();
    jobs.define("known", async () => {});
    await expect(database.transaction((tx) => jobs.enqueue(tx, "unknown", {}))).rejects.toThrow(
      "No job unknown is defined. Defined: known.",
    );
    expect(() => jobs.define("known", async () => {})).toThrow("defined twice");
  });
});

async function holdsLock(): Promise<boolean> {
  const client = new Client({ connectionString: testDatabase.adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query("select from pg_locks where locktype = 'advisory' and classid = 7310002");
    return rows.length > 0;
  } finally {
    await client.end();
  }
}
