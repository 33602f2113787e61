import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { conflict, unavailable } from "../base/errors.ts";
import { idAtTime } from "../base/ids.ts";
import { runInContext } from "../base/request-context.ts";
import { ALL_TENANTS, type Transaction } from "../database/database.ts";
import { sqlMigration } from "../database/migration.ts";
import { type OpenDatabase, openDatabase } from "../database/open-database.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import { eventually } from "../testing/eventually.ts";
import { createTestDatabase, type TestDatabase } from "../testing/test-postgres.ts";
import { createSagas } from "./create-sagas.ts";
import { findSagasWithTimeline, listSagas } from "./read-sagas.ts";
import { type SagaDefinition, type StatementStep, type StepInHand, waiting } from "./saga.ts";
import type { SagaRow } from "./saga-store.ts";
import { sagaMigrations } from "./saga-tables.ts";
import type { Sagas } from "./sagas.ts";

let testDatabase: TestDatabase;
let database: OpenDatabase;
const running: Sagas[] = [];
/** What was done, in order; each test has its own. */
let acts: string[] = [];
/** What the next call of a step throws. */
let failures: Record<string, Error[]> = {};

const notes = { name: "notes", migrations: [sqlMigration("0001-notes", "create table notes (text text primary key)")] };

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const { url, schema } = await testDatabase.provision("shop", [sagaMigrations, notes]);
  database = await openDatabase({ url, schema, entities: [], logger: silentLogger });
});
beforeEach(() => {
  acts = [];
  failures = {};
});
afterEach(async () => {
  for (const sagas of running.splice(0)) await sagas.stop();
  await database.transaction((tx) => tx.query("delete from sagas; delete from notes"), { tenantId: ALL_TENANTS });
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

interface Order {
  readonly item: string;
  readonly reservation?: string;
}

const FAST = { attempts: 3, initialMs: 1, maxMs: 2 };

async function act(name: string): Promise<void> {
  acts.push(name);
  const failure = failures[name]?.shift();
  if (failure !== undefined) throw failure;
}

const order: SagaDefinition<{ item: string }, Order> = {
  name: "order",
  begin: ({ item }) => ({ item }),
  steps: [
    {
      name: "reserve",
      timeoutMs: 1_000,
      retry: FAST,
      async call(_, { idempotencyKey, sagaId }) {
        expect(idempotencyKey).toBe(`${sagaId}:reserve:do`);
        await act("reserve");
        return { reservation: "r1" };
      },
      undo: () => act("release"),
    },
    {
      name: "place",
      timeoutMs: 1_000,
      retry: FAST,
      async write({ item, reservation }, tx) {
        await tx.query("insert into notes values ($1)", [`${item} ${reservation}`]);
        await act("place");
      },
      pointOfNoReturn: true,
    },
    { name: "gift", timeoutMs: 1_000, retry: FAST, when: ({ item }) => item === "present", call: () => act("wrap") },
    { name: "capture", timeoutMs: 1_000, retry: FAST, call: () => act("capture") },
  ],
  async turnedBack({ item }, tx, { reason }) {
    await tx.query("insert into notes values ($1)", [`${item} turned back: ${reason}`]);
  },
};

function open(definition = order, lookEveryMs = 5) {
  const sagas = createSagas({ module: "shop", database, logger: silentLogger, lookEveryMs });
  running.push(sagas);
  return { sagas, runner: sagas.define(definition) };
}

const noted = async () => (await database.read((tx) => tx.query<{ text: string }>("select text from notes"))).map(({ text }) => text);

test("does its steps in order, keeps what they learn, and leaves out what is not needed", async () => {
  const { runner } = open();
  const saga = await runner.run({ item: "book" }, { key: "a", waitMs: 10_000 });
  expect(saga).toMatchObject({ status: "done", state: { item: "book", reservation: "r1" }, step: undefined, failure: undefined });
  expect(acts).toEqual(["reserve", "place", "capture"]);
  expect(await noted()).toEqual(["book r1"]);
  const timeline = await runner.timeline("a");
  expect(timeline?.entries.map(({ step, outcome }) => `${step} ${outcome}`)).toEqual([
    "reserve done",
    "place done",
    "gift skipped",
    "capture done",
  ]);
});

test("what is not needed at the beginning and at the end is noted like the rest", async () => {
  const step = (name: string, needed: boolean) => ({ name, timeoutMs: 1_000, when: () => needed, call: () => act(name) });
  const steps = [step("a", false), step("b", false), step("c", true), step("d", false), step("e", false)];
  const { runner } = open({ ...order, steps });
  expect(await runner.run({ item: "book" }, { key: "a", waitMs: 10_000 })).toMatchObject({ status: "done", step: undefined });
  expect(acts).toEqual(["c"]);
  const entries = (await runner.timeline("a"))?.entries ?? [];
  expect(entries.map(({ step, attempt, outcome }) => `${step} ${attempt} ${outcome}`)).toEqual([
    "a 1 skipped",
    "b 1 skipped",
    "c 1 done",
    "d 1 skipped",
    "e 1 skipped",
  ]);
});

test("a step whose name has spaces sends a key that callees take", async () => {
  const keys: string[] = [];
  const call = async (_: Order, { idempotencyKey }: StepInHand) => void keys.push(idempotencyKey);
  const { runner } = open({ ...order, steps: [{ name: "pay back at once", timeoutMs: 1_000, call }] });
  const { id } = await runner.run({ item: "book" }, { key: "a", waitMs: 10_000 });
  expect(keys).toEqual([`${id}:pay-back-at-once:do`]);
});

test("a refusal turns it back, and says why", async () => {
  failures = { place: [conflict("Sold out.", { reason: "OUT_OF_STOCK" })] };
  const { runner } = open();
  const saga = await runner.run({ item: "book" }, { key: "a", waitMs: 10_000 });
  expect(saga).toMatchObject({ status: "turned-back", failure: { step: "place", reason: "OUT_OF_STOCK", message: "Sold out." } });
  expect(acts).toEqual(["reserve", "place", "release"]);
  expect(await noted()).toEqual(["book turned back: OUT_OF_STOCK"]);
});

test("a passing failure is tried again; an undo until it succeeds", async () => {
  const away = () => unavailable("Away.");
  failures = { reserve: [away(), away()], place: [away(), away(), away()], release: Array.from({ length: 9 }, away) };
  const { runner } = open();
  expect(await runner.run({ item: "book" }, { key: "a", waitMs: 10_000 })).toMatchObject({ status: "turned-back" });
  expect(acts.filter((name) => name === "reserve")).toHaveLength(3);
  expect(acts.filter((name) => name === "release")).toHaveLength(10);
});

test("past the point of no return it goes on until it has succeeded", async () => {
  failures = { capture: [conflict("No."), unavailable("Away."), conflict("No.")] };
  const { runner } = open();
  expect(await runner.run({ item: "book" }, { key: "a", waitMs: 10_000 })).toMatchObject({ status: "done" });
  expect(acts).toEqual(["reserve", "place", "capture", "capture", "capture", "capture"]);
});

test("the same key is the same saga, however many ask at once; with another input it is refused", async () => {
  const { runner } = open();
  const { runner: replica } = open();
  const all = await Promise.all([runner, replica, runner, replica].map((each) => each.run({ item: "book" }, { key: "a", waitMs: 10_000 })));
  expect(new Set(all.map(({ id }) => id)).size).toBe(1);
  expect(all.map(({ status }) => status)).toEqual(["done", "done", "done", "done"]);
  expect(acts).toEqual(["reserve", "place", "capture"]);
  await expect(runner.run({ item: "pen" }, { key: "a", waitMs: 10 })).rejects.toMatchObject({ reason: "IDEMPOTENCY_CONFLICT" });
});

test("what is begun in a transaction is done if and only if that commits", async () => {
  const { sagas, runner } = open();
  await sagas.start();
  const rolledBack = database.transaction(async (tx) => {
    await runner.start(tx, { item: "pen" }, { key: "never" });
    throw new Error("changed my mind");
  });
  await expect(rolledBack).rejects.toThrow("changed my mind");
  expect(await database.transaction((tx) => runner.start(tx, { item: "book" }, { key: "a" }))).toBe(true);
  expect(await database.transaction((tx) => runner.start(tx, { item: "book" }, { key: "a" }))).toBe(false);
  expect(await runner.run({ item: "book" }, { key: "a", waitMs: 10_000 })).toMatchObject({ status: "done" });
  expect(await runner.find("never")).toBeUndefined();
});

test("an input that is worked out as the saga begins is written together with it, or not at all", async () => {
  const { runner } = open();
  const write = (text: string) => async (tx: Transaction) => {
    await tx.query("insert into notes values ($1)", [text]);
    if (text === "wrong") throw conflict("No.");
    return { item: text };
  };
  await expect(runner.run(write("wrong"), { key: "a", waitMs: 10_000 })).rejects.toThrow("No.");
  expect(await runner.run(write("book"), { key: "a", waitMs: 10_000 })).toMatchObject({ status: "done", state: { item: "book" } });
  expect(await noted()).toEqual(["book", "book r1"]);
});

test("a saga begins by a statement with what else that writes, or not at all", async () => {
  const { runner } = open();
  const beginWhere = (begins: boolean, key: string) =>
    runner.runBy({ item: "book" }, { key, waitMs: 10_000 }, async (tx, start) => {
      const sql = `with noted as (insert into notes select $1 where $2::boolean returning text), begun as (${start.insert(3, "noted")}) select * from begun`;
      const [row] = await tx.query<SagaRow>(sql, [`begin ${key}`, begins, ...start.values]);
      return row;
    });
  expect(await beginWhere(false, "never")).toBeUndefined();
  expect(await runner.find("never")).toBeUndefined();
  expect(await beginWhere(true, "a")).toMatchObject({ status: "done", key: "a", state: { item: "book", reservation: "r1" } });
  expect(acts).toEqual(["reserve", "place", "capture"]);
  expect((await noted()).sort()).toEqual(["begin a", "book r1"]);
});

describe("a step that is one statement", () => {
  const place = (meanwhile = async () => {}): StatementStep<Order> => ({
    name: "place",
    timeoutMs: 1_000,
    retry: FAST,
    pointOfNoReturn: true,
    learns: ({ item }) => ({ reservation: `${item} in place` }),
    async statement({ item }, tx, note) {
      await act("place");
      await meanwhile();
      const sql = `with ${note.with(2)}, placed as (insert into notes select $1::text from moved returning text)
        select moved.id from moved, (select count(*) from placed) as placed`;
      return tx.query(sql, [item, ...note.values]);
    },
  });
  const withPlace = (step: StatementStep<Order>) => ({
    ...order,
    steps: order.steps.map((each) => (each.name === "place" ? step : each)),
  });

  test("writes and is noted by it, and what it learns is known afterwards", async () => {
    failures = { place: [unavailable("Away.")] };
    const { runner } = open(withPlace(place()));
    const saga = await runner.run({ item: "present" }, { key: "a", waitMs: 10_000 });
    expect(saga).toMatchObject({ status: "done", state: { reservation: "present in place" } });
    expect(acts).toEqual(["reserve", "place", "place", "wrap", "capture"]);
    expect(await noted()).toEqual(["present"]);
    expect((await runner.timeline("a"))?.entries.map(({ step, attempt, outcome }) => `${step} ${attempt} ${outcome}`)).toEqual([
      ...["reserve 1 done", "place 1 failed", "place 2 done", "gift 1 done", "capture 1 done"],
    ]);
    expect((await runner.find("a"))?.state).toEqual(saga.state);
  });

  test("turns the saga back where it is refused", async () => {
    failures = { place: [conflict("Sold out.", { reason: "OUT_OF_STOCK" })] };
    const { runner } = open(withPlace(place()));
    expect(await runner.run({ item: "book" }, { key: "a", waitMs: 10_000 })).toMatchObject({ status: "turned-back" });
    expect(await noted()).toEqual(["book turned back: OUT_OF_STOCK"]);
  });

  test("writes nothing where another worker has gone on with the saga meanwhile", async () => {
    const stolen = place(async () => {
      await database.transaction((tx) => tx.query("update sagas set owner = gen_random_uuid(), wake_at = now() + interval '1 hour'"), {
        tenantId: ALL_TENANTS,
      });
    });
    const { runner } = open(withPlace(stolen));
    await runner.run({ item: "book" }, { key: "a", waitMs: 200 });
    expect(await noted()).toEqual([]);
    expect(await runner.find("a")).toMatchObject({ status: "running", step: "place" });
  });
});

test("what a dead process left is taken up where it stood, under the same key to the callee", async () => {
  let die: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => {
    die = resolve;
  });
  const [reserve, ...rest] = order.steps;
  // Stands still in its second step for ever, as a process that was killed there.
  const { runner: dying } = open({
    ...order,
    steps: [reserve, { name: "place", timeoutMs: 60_000, call: () => new Promise(() => die()) }, ...rest.slice(1)] as typeof order.steps,
  });
  void dying.run({ item: "book" }, { key: "a", waitMs: 0 });
  await reached;
  running.pop();
  // Its lease runs out: time does not pass for tests.
  await database.transaction((tx) => tx.query("update sagas set wake_at = now()"), { tenantId: ALL_TENANTS });
  const { sagas, runner } = open();
  await sagas.start();
  expect(await runner.run({ item: "book" }, { key: "a", waitMs: 10_000 })).toMatchObject({ status: "done" });
  expect(acts).toEqual(["reserve", "place", "capture"]);
  expect((await runner.timeline("a"))?.entries[1]).toMatchObject({ step: "place", attempt: 2, outcome: "done" });
});

test("a worker that was too slow writes nothing any more", async () => {
  const { runner } = open({
    ...order,
    steps: [
      {
        name: "place",
        timeoutMs: 1_000,
        async write(_, tx) {
          await tx.query("insert into notes values ('late')");
          await database.transaction((other) => other.query("update sagas set owner = gen_random_uuid()"), { tenantId: ALL_TENANTS });
        },
      },
    ],
  });
  expect(await runner.run({ item: "book" }, { key: "a", waitMs: 200 })).toMatchObject({ status: "running" });
  expect(await noted()).toEqual([]);
});

test("a worker that the saga has left behind writes nothing any more, also in the process that went on with it", async () => {
  const { runner } = open({
    ...order,
    steps: [
      {
        name: "reserve",
        timeoutMs: 1_000,
        // As after a note whose answer was lost: it is written, and whoever wrote it takes it for failed.
        async call() {
          await database.transaction((other) => other.query("update sagas set step = 'place', state = '{}'"), { tenantId: ALL_TENANTS });
          throw unavailable("Away.");
        },
      },
      ...order.steps.slice(1),
    ],
  });
  expect(await runner.run({ item: "book" }, { key: "a", waitMs: 200 })).toMatchObject({ status: "running", step: "place", state: {} });
  expect((await runner.timeline("a"))?.entries).toEqual([]);
});

test("a step that hangs fails when its time is over, and turns the saga back", async () => {
  const hang = (_: Order, { signal }: StepInHand) =>
    new Promise<void>((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
  const [first, ...rest] = order.steps as [(typeof order.steps)[0], ...typeof order.steps];
  const ask = { name: "ask", timeoutMs: 20, retry: { ...FAST, attempts: 2 }, call: hang };
  const { runner } = open({ ...order, steps: [first, ask, ...rest] });
  const saga = await runner.run({ item: "book" }, { key: "a", waitMs: 10_000 });
  expect(saga).toMatchObject({ status: "turned-back", failure: { step: "ask", code: "TIMEOUT" } });
  expect(acts).toEqual(["reserve", "release"]);
  const entries = (await runner.timeline("a"))?.entries ?? [];
  expect(entries.filter(({ step }) => step === "ask").map(({ outcome }) => outcome)).toEqual(["failed", "failed"]);
});

test("those that callers wait for do not keep others from being taken up", async () => {
  let finish: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (finish = resolve));
  const [reserve, ...rest] = order.steps as [(typeof order.steps)[0], ...typeof order.steps];
  const slow = { ...reserve, timeoutMs: 60_000, call: ({ item }: Order) => (item === "slow" ? held : act("reserve")) } as typeof reserve;
  const { sagas, runner } = open({ ...order, steps: [slow, ...rest] });
  await sagas.start();
  await Promise.all(Array.from({ length: 20 }, (_, nr) => runner.run({ item: "slow" }, { key: `slow-${nr}`, waitMs: 0 })));
  await database.transaction((tx) => runner.start(tx, { item: "book" }, { key: "a" }));
  await eventually(async () => (await runner.find("a"))?.status === "done");
  finish();
});

test("a stop lets the step in hand finish and gives the saga to another replica at once", async () => {
  let finish: () => void = () => undefined;
  const { sagas, runner } = open({
    ...order,
    steps: order.steps.map((step) =>
      step.name === "reserve" ? { ...step, call: () => new Promise<void>((resolve) => (finish = resolve)) } : step,
    ) as typeof order.steps,
  });
  void runner.run({ item: "book" }, { key: "a", waitMs: 0 });
  const { sagas: others, runner: replica } = open();
  await others.start();
  await eventually(() => replica.find("a"));
  const stopped = sagas.stop();
  finish();
  await stopped;
  expect(await replica.run({ item: "book" }, { key: "a", waitMs: 10_000 })).toMatchObject({ status: "done" });
  expect(acts).toEqual(["place", "capture"]);
});

describe("a step that waits for word from outside", () => {
  /** The second step waits until `answered`. */
  const patient = (answered: () => boolean, waitsAtMostMs = 60_000): typeof order => ({
    ...order,
    steps: [
      order.steps[0] as (typeof order.steps)[0],
      {
        name: "ask",
        timeoutMs: 1_000,
        waitsAtMostMs,
        async call({ item }, { waited }) {
          await act(waited ? "ask again" : "ask");
          return answered() ? { item: `${item}!` } : waiting({ reservation: "r2" });
        },
        undo: () => act("take back"),
      },
      ...order.steps.slice(1),
    ],
  });
  const woken = (runner: ReturnType<typeof open>["runner"]) => database.transaction((tx) => runner.wake(tx, "a"));

  test("rests with what it learned, without being asked again, until it is woken; a word that commits is heard by any replica", async () => {
    let answered = false;
    const { runner } = open(patient(() => answered));
    const { sagas: others } = open(patient(() => answered));
    await others.start();
    const resting = await runner.run({ item: "book" }, { key: "a", waitMs: 10_000 });
    expect(resting).toMatchObject({ status: "running", step: "ask", state: { reservation: "r2" }, waitsUntil: expect.any(Date) });
    expect(await runner.find("a")).toMatchObject({ waitsUntil: resting.waitsUntil });
    answered = true;
    expect(await woken(runner)).toBe(true);
    await eventually(async () => (await runner.find("a"))?.status === "done");
    expect(acts).toEqual(["reserve", "ask", "ask again", "place", "capture"]);
    expect(await woken(runner)).toBe(false);
    const entries = (await runner.timeline("a"))?.entries ?? [];
    expect(entries.slice(1, 3).map(({ step, outcome, attempt }) => [step, outcome, attempt])).toEqual([
      ["ask", "waiting", 1],
      ["ask", "done", 1],
    ]);
  });

  test("goes on at once where somebody wants to see it, and rests again if nothing came", async () => {
    let answered = false;
    const { runner } = open(patient(() => answered));
    await runner.run({ item: "book" }, { key: "a", waitMs: 10_000 });
    expect(await runner.resume("a", { waitMs: 10_000 })).toMatchObject({ status: "running", step: "ask", waitsUntil: expect.any(Date) });
    answered = true;
    expect(await runner.resume("a", { waitMs: 10_000 })).toMatchObject({ status: "done", state: { item: "book!" } });
    expect(await runner.resume("b", { waitMs: 10_000 })).toBeUndefined();
  });

  test("hears a word that came while it was still asking", async () => {
    let asked = 0;
    const { sagas, runner } = open({
      ...order,
      steps: [
        {
          name: "ask",
          timeoutMs: 1_000,
          waitsAtMostMs: 60_000,
          async call() {
            if (++asked > 1) return undefined;
            await woken(runner);
            return waiting({});
          },
        },
      ],
    });
    await sagas.start();
    await runner.run({ item: "book" }, { key: "a", waitMs: 0 });
    await eventually(async () => (await runner.find("a"))?.status === "done");
    expect(asked).toBe(2);
  });

  test("turns back when its time is over, the step that waited first", async () => {
    const { sagas, runner } = open(patient(() => false, 1));
    await sagas.start();
    await runner.run({ item: "book" }, { key: "a", waitMs: 10_000 });
    await eventually(async () => (await runner.find("a"))?.status === "turned-back");
    expect(await runner.find("a")).toMatchObject({ failure: { step: "ask", code: "CONFLICT", reason: "WAITED_TOO_LONG" } });
    expect(acts).toEqual(["reserve", "ask", "ask again", "take back", "release"]);
  });
});

test("sagas of another tenant are not seen, and are worked on in their own", async () => {
  const { runner } = open();
  const context = { requestId: "r", traceId: "", module: "shop", tenantId: "acme", signal: new AbortController().signal };
  await runInContext(context, () => runner.run({ item: "book" }, { key: "a", waitMs: 10_000 }));
  expect(await runner.find("a")).toBeUndefined();
  expect(await runInContext(context, () => runner.find("a"))).toMatchObject({ status: "done" });
});

test.each([
  ["two steps of one name", { ...order, steps: [...order.steps, ...order.steps] }, /two steps named reserve/],
  ["no steps", { ...order, steps: [] }, /no steps/],
  [
    "waiting where it could not turn back",
    { ...order, steps: [...order.steps, { name: "ask", timeoutMs: 1, waitsAtMostMs: 1, call: async () => undefined }] },
    /ask is past/,
  ],
  [
    "an undo that would never run",
    { ...order, steps: order.steps.map((step) => ({ ...step, undo: async () => undefined })) },
    /place is past/,
  ],
] as const)("%s are refused at start", (_, definition, message) => {
  expect(() => open(definition as typeof order)).toThrow(message);
});

test("whoever operates the platform finds sagas by status, key and id, with their timelines", async () => {
  failures = { place: [conflict("Sold out.", { reason: "OUT_OF_STOCK" })] };
  const { runner } = open();
  const lost = await runner.run({ item: "book" }, { key: "a", waitMs: 10_000 });
  await runner.run({ item: "pen" }, { key: "b", waitMs: 10_000 });
  const read = <T>(work: (tx: Transaction) => Promise<T>) => database.read(work, { tenantId: ALL_TENANTS });
  expect((await read((tx) => listSagas(tx, { limit: 10 }))).map(({ key }) => key)).toEqual(["b", "a"]);
  expect(await read((tx) => listSagas(tx, { status: "turned-back", limit: 10 }))).toMatchObject([{ key: "a", tenantId: "default" }]);
  for (const name of ["a", lost.id]) {
    const [found] = await read((tx) => findSagasWithTimeline(tx, name));
    expect(found).toMatchObject({ id: lost.id, failure: { reason: "OUT_OF_STOCK" } });
    expect(found?.entries.map(({ step, direction }) => `${direction} ${step}`)).toEqual(["do reserve", "do place", "undo reserve"]);
  }
  expect(await read((tx) => findSagasWithTimeline(tx, "c"))).toEqual([]);
});

test("what ended long ago is removed with its timeline, in batches and by any number of replicas; the rest stays", async () => {
  const { sagas, runner } = open();
  const { sagas: replica } = open();
  const kept = sagas.define({ ...order, name: "kept", keptForEver: true });
  const waitMs = 10_000;
  const [old, lasting] = [
    await runner.run({ item: "old" }, { key: "old", waitMs }),
    await kept.run({ item: "a" }, { key: "kept", waitMs }),
  ];
  const age = `with aged as (update sagas set id = $2, finished_at = now() - interval '31 days' where id = $1)
    update saga_entries set saga_id = $2 where saga_id = $1`;
  await database.transaction(
    async (tx) => {
      for (const [index, { id }] of [old, lasting].entries()) await tx.query(age, [id, idAtTime("saga", index)]);
      await tx.query(
        `insert into sagas (id, tenant_id, name, key, input_hash, state, status, request_id, finished_at)
         select 'saga_' || lpad(n::text, 26, '0'), 'acme', 'order', n, '', '{}', 'done', '', now() - interval '31 days' from generate_series(100, 549) n`,
      );
    },
    { tenantId: ALL_TENANTS },
  );
  await runner.run({ item: "new" }, { key: "new", waitMs });
  await database.transaction((tx) => runner.start(tx, { item: "waits" }, { key: "waits" }));
  const month = 30 * 24 * 3_600_000;
  const removed = await Promise.all([sagas.removeFinished(month), sagas.removeFinished(month)]);
  expect(removed[0] + removed[1]).toBe(451);
  expect(await replica.removeFinished(month)).toBe(0);
  const left = await database.read((tx) => listSagas(tx, { limit: 1000 }), { tenantId: ALL_TENANTS });
  expect(left.map(({ key }) => key).sort()).toEqual(["kept", "new", "waits"]);
  const orphans = "select from saga_entries where saga_id not in (select id from sagas)";
  expect(await database.read((tx) => tx.query(orphans), { tenantId: ALL_TENANTS })).toEqual([]);
});
