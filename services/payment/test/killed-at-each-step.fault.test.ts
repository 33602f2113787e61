import { afterAll, beforeAll, test } from "@jest/globals";
import type { Client } from "@plinth/kernel/client";
import { eventually, seededRandom } from "@plinth/kernel/testing";
import type { PaymentService } from "@plinth/proto/payment/v1/payment_pb";
import type { PoolClient } from "pg";
import { type Amounts, type KilledPayments, startKilledPayments } from "./killed-payments.ts";

/** A process is killed at each step of each kind of call; then whoever asked asks again, or nobody does. */

let p: KilledPayments;
beforeAll(async () => {
  // Time-outs are not what is tried here: nothing may go on by itself while a call is held at its step.
  const env = { PAYMENT_STRIPE_TIMEOUT: "60s", PAYMENT_RECOVERY_AFTER: "90s", PAYMENT_RECOVERY_EVERY: "200ms" };
  p = await startKilledPayments(env, 3, seededRandom(1));
}, 60_000);
afterAll(() => p?.stop(), 60_000);

const euros = (amount: bigint) => ({ amount, currency: "EUR" });
type Payments = Client<typeof PaymentService>;
const KINDS = ["authorize", "capture", "void", "refund"] as const;
type Kind = (typeof KINDS)[number];

/** What leads there, what is asked for while the process dies, and how the payment stands after it was done. */
const CALLS: Record<Kind, { before: readonly Kind[]; path: string; done: Amounts }> = {
  authorize: { before: [], path: "payment_intents$", done: { held: 10_000n, charged: 0n, refunded: 0n } },
  capture: { before: ["authorize"], path: "capture$", done: { held: 0n, charged: 10_000n, refunded: 0n } },
  void: { before: ["authorize"], path: "cancel$", done: { held: 0n, charged: 0n, refunded: 0n } },
  refund: { before: ["authorize", "capture"], path: "refunds$", done: { held: 0n, charged: 10_000n, refunded: 4000n } },
};

function ask(payments: Payments, kind: Kind, reference: string): Promise<unknown> {
  const options = { idempotencyKey: `${reference}-${kind}`, timeoutMs: 30_000 };
  switch (kind) {
    case "authorize":
      return payments.authorize({ reference, provider: "stripe", amount: euros(10_000n), methodToken: "pm_card_visa" }, options);
    case "capture":
      return payments.capture({ reference }, options);
    case "void":
      return payments.void({ reference }, options);
    case "refund":
      return payments.refund({ reference, amount: euros(4000n) }, options);
  }
}

interface Asked {
  readonly kind: Kind;
  readonly reference: string;
}

/** Holds all calls at a step; answers what lets go of what held them. */
type Hold = (asked: readonly Asked[], begin: () => void) => Promise<() => Promise<void>>;

/** What waits for a lock of ours: a table's name, or the beginning of a statement. */
async function waiters(count: number, where: string): Promise<void> {
  const sql = `select count(distinct a.pid)::int as count from pg_stat_activity a join pg_locks l on l.pid = a.pid
    where not l.granted and a.datname = current_database() and a.query ~* $1`;
  await eventually(async () => ((await p.sql<{ count: number }>(sql, [where]))[0]?.count ?? 0) >= count);
}

async function locked(lock: (connection: PoolClient) => Promise<unknown>): Promise<() => Promise<void>> {
  const connection = await p.pool.connect();
  await connection.query("begin");
  await lock(connection);
  return async () => {
    await connection.query("rollback");
    connection.release();
  };
}

const lockTable = (table: string) => locked((connection) => connection.query(`lock table payment.${table} in share row exclusive mode`));

async function hanging(kind: "hang-before" | "hang-after", begin: () => void) {
  const faults = await Promise.all([...KINDS, ...KINDS].map((each) => p.simulator.fault(kind, CALLS[each].path)));
  begin();
  await Promise.all(faults.map((fault) => fault.hit()));
  return () => Promise.all(faults.map((fault) => fault.release()));
}

/** The provider did it, and whoever notes that comes to this statement, which writes to the table, and no further. */
function notingAt(table: string, statement: string): Hold {
  return async (_, begin) => {
    const release = await hanging("hang-after", begin);
    const unlock = await lockTable(table);
    await release();
    await waiters(2 * KINDS.length, statement);
    return unlock;
  };
}

const KEEPING_ANSWERS = "update idempotency_keys set answer_kind";
/** The others find their answer in the operation itself. */
const KEPT_BY_KERNEL: readonly Kind[] = ["authorize", "void"];

const STEPS: Record<string, Hold> = {
  "before anything is stored": async (_, begin) => {
    const unlock = await lockTable("operations");
    begin();
    await waiters(2 * KINDS.length, "into operations");
    return unlock;
  },
  "before the provider does it": async (_, begin) => {
    const release = await hanging("hang-before", begin);
    return async () => void (await release());
  },
  "after the provider did it": async (_, begin) => {
    const release = await hanging("hang-after", begin);
    return async () => void (await release());
  },
  "in the middle of noting it": notingAt("history", "into history"),
  "before what was noted is committed": notingAt("outbox", "publish_events"),
  "after it was noted": async (asked, begin) => {
    const release = await hanging("hang-after", begin);
    const keys = asked.map(({ kind, reference }) => `${reference}-${kind}`);
    const unlock = await locked((connection) =>
      connection.query("select from payment.idempotency_keys where key = any ($1) for update", [keys]),
    );
    await release();
    await waiters(2 * KEPT_BY_KERNEL.length, KEEPING_ANSWERS);
    const pending = "select id from payment.operations where kind in ('capture', 'refund') and status = 'pending'";
    await eventually(async () => (await p.sql(pending)).length === 0);
    // Else Postgres finishes the statements of the dead as soon as it can.
    await p.sql(
      "select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and query ~* '^update idempotency_keys'",
    );
    return unlock;
  },
};

let made = 0;
const aReference = () => `ord_${++made}`;

test.each(Object.keys(STEPS))(
  "killed %s: whether whoever asked asks again or is gone, it is done once",
  async (step) => {
    const asked = [...KINDS, ...KINDS].map((kind, index) => ({ kind, reference: aReference(), isGone: index < KINDS.length }));
    for (const { kind, reference } of asked) {
      for (const before of CALLS[kind].before) await p.untilAnswered((payments) => ask(payments, before, reference));
    }
    const victim = p.processes.any();
    const calls: Promise<unknown>[] = [];
    const begin = () => {
      for (const { kind, reference } of asked) calls.push(ask(p.client(victim), kind, reference).catch((error: unknown) => error));
    };
    const letGo = await (STEPS[step] as Hold)(asked, begin);
    const replaced = p.processes.killOne(victim);
    await Promise.all(calls);
    await letGo();
    await p.sql("update payment.operations set lease_until = now() where status = 'pending'");
    await p.forgetTheDead();

    const again = ({ kind, reference }: Asked) => p.untilAnswered((payments) => ask(payments, kind, reference));
    for (const each of asked.filter(({ isGone }) => !isGone)) await again(each);
    for (const { kind, reference } of asked) known.set(reference, CALLS[kind].done);
    if (step !== "before anything is stored") {
      await p.settled();
      await p.expectBooked(known);
    }
    // Also whoever was gone may come back, and whoever has his answer may ask once more.
    for (const each of asked) await again(each);
    await p.settled();
    await p.expectBooked(known);
    await replaced;
  },
  60_000,
);

/** All payments of this file. */
const known = new Map<string, Amounts>();
