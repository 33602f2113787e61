import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type OpenDatabase, openDatabase, type Transaction } from "@plinth/kernel/database";
import { silentLogger } from "@plinth/kernel/logging";
import { eventually } from "@plinth/kernel/testing";
import type { AttemptStore } from "../src/domain/attempt.ts";
import { type NewDelivery, newDelivery } from "../src/domain/delivery.ts";
import { attemptStore } from "../src/store/attempt-store.ts";
import { deliveryStore } from "../src/store/delivery-store.ts";
import { DeliveryEntity } from "../src/store/entities.ts";
import { storesIn } from "../src/store/stores.ts";
import { type NotificationHarness, startNotification } from "./notification-harness.ts";

let n: NotificationHarness;
let database: OpenDatabase;
let attempts: AttemptStore;
beforeAll(async () => {
  n = await startNotification();
  const url = n.harness.databaseUrl("notification");
  database = await openDatabase({ url, schema: "notification", entities: [DeliveryEntity], logger: silentLogger });
  attempts = attemptStore(database, outlets);
}, 60_000);
afterAll(async () => {
  await database.close();
  await n.harness.stop();
});

const LEASE_MS = 60_000;
const queued: string[] = [];
const enqueue = async (_tx: unknown, _job: string, { id }: { id: string }) => String(queued.push(id));
const prepareJob = () => ({ subquery: () => "select ''::text as id", values: [] });
const outlets = { enqueue, prepareJob, publish: async () => {}, audit: async () => {} } as unknown as Parameters<typeof deliveryStore>[1];
const sql = (text: string, parameters: unknown[] = []) => database.transaction((tx) => tx.query(text, parameters));
const stateOf = async (id: string) =>
  (await sql("select status, attempts, last_error, claimed_until from deliveries where id = $1", [id]))[0];

let made = 0;
const content = { subject: "x", text: "Grüße", html: "<p>x</p>", data: { a: [1, null] } };

/** A delivery whose job nobody has: it waits for what the test does to it. */
async function aDelivery(now = new Date()) {
  const email = `person${++made}@example.com`;
  const about: NewDelivery = {
    ...{ tenantId: "default", channel: "email", userId: `user_${made}`, destination: email, template: "", templateVersion: 0 },
    ...{ category: "news", subjectSource: undefined, content, dueAt: now },
  };
  const outgoing = newDelivery(about, now);
  await database.transaction((tx) => deliveryStore(tx, outlets).insert(outgoing, "", undefined));
  return outgoing.delivery;
}

/** Sends what waits for the rows that `hold` takes; `meanwhile` gets to know the backend that waits. Then lets go. */
async function whileHeld<T>(
  hold: (tx: Transaction) => Promise<unknown>,
  wait: () => Promise<T>,
  meanwhile: (tx: Transaction, pid: number) => Promise<unknown> = async () => {},
): Promise<T> {
  const sql = "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  const held = await database.transaction(async (tx) => {
    await hold(tx);
    const waited = wait();
    const waiters = () => database.read((other) => other.query<{ pid: number }>(sql));
    const [waiter] = await eventually(waiters, ({ length }) => length > 0);
    await meanwhile(tx, waiter?.pid ?? 0);
    return { waited };
  });
  return held.waited;
}
const lockRow = (id: string) => (tx: Transaction) => tx.query("select from deliveries where id = $1 for update", [id]);

test("an attempt brings what was stored, to the letter", async () => {
  const delivery = await aDelivery();
  expect(await attempts.begin(delivery.id, new Date(), LEASE_MS)).toEqual({ delivery: { ...delivery, attempts: 1 }, content });
});

test("of three jobs for a delivery one makes the attempt, and after its death another one", async () => {
  const { id } = await aDelivery();
  const now = new Date();
  const begun = await Promise.all([1, 2, 3].map(() => attempts.begin(id, now, LEASE_MS)));
  const until = new Date(now.getTime() + LEASE_MS);
  expect(begun.filter((one) => one instanceof Date)).toEqual([until, until]);
  expect(await attempts.begin(id, new Date(now.getTime() + LEASE_MS - 1), LEASE_MS)).toEqual(until);
  expect(await attempts.begin(id, until, LEASE_MS)).toMatchObject({ delivery: { id, attempts: 2 }, content: { text: "Grüße" } });
  await attempts.finish(id, { status: "sent", providerId: "", at: now });
  expect(await attempts.begin(id, new Date(now.getTime() + 3 * LEASE_MS), LEASE_MS)).toBeUndefined();
});

test("whose user is forgotten while somebody waits to claim it is not sent", async () => {
  const { id, userId } = await aDelivery();
  const forget = (tx: Transaction) => storesIn(new Map(), outlets, database.remember())(tx).contacts.forgetUser(userId);
  expect(await whileHeld(forget, () => attempts.begin(id, new Date(), LEASE_MS))).toBeUndefined();
  expect(await stateOf(id)).toMatchObject({ status: "failed", attempts: 0, last_error: "the user was deleted" });
});

test("a message whose content is gone is given up, but not while somebody sends it", async () => {
  const { id } = await aDelivery();
  const now = new Date();
  await attempts.begin(id, now, LEASE_MS);
  await sql("delete from delivery_contents where delivery_id = $1", [id]);
  expect(await attempts.begin(id, now, LEASE_MS)).toEqual(new Date(now.getTime() + LEASE_MS));
  expect(await stateOf(id)).toMatchObject({ status: "pending", attempts: 1 });
  expect(await attempts.begin(id, new Date(now.getTime() + LEASE_MS), LEASE_MS)).toBeUndefined();
  expect(await stateOf(id)).toEqual({ status: "failed", attempts: 1, last_error: "the content was removed", claimed_until: null });
});

test("that a mail was sent is noted although the connection is lost on the way", async () => {
  const { id } = await aDelivery();
  await attempts.begin(id, new Date(), LEASE_MS);
  const finish = () => attempts.finish(id, { status: "sent", providerId: "250 OK", at: new Date() });
  await whileHeld(lockRow(id), finish, (tx, pid) => tx.query("select pg_terminate_backend($1)", [pid]));
  expect(await stateOf(id)).toMatchObject({ status: "sent", claimed_until: null });
});

test("an attempt that failed queues the next in the same transaction", async () => {
  const { id } = await aDelivery();
  await attempts.begin(id, new Date(), LEASE_MS);
  const failing = attemptStore(database, { enqueue: () => Promise.reject(new Error("no queue")) });
  const result = { status: "pending", error: "away", nextAttemptAt: new Date() } as const;
  await expect(failing.finish(id, result)).rejects.toThrow("no queue");
  expect(await stateOf(id)).toMatchObject({ last_error: "" });
  queued.length = 0;
  await attempts.finish(id, result);
  expect(await stateOf(id)).toMatchObject({ status: "pending", last_error: "away", claimed_until: null });
  expect(queued).toEqual([id]);
});
