import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { newId } from "@plinth/kernel/base";
import type { OpenDatabase } from "@plinth/kernel/database";
import { type CountedDatabase, eventually, openCountedDatabase, type ServiceHarness, startHarness } from "@plinth/kernel/testing";
import { Pool, type PoolClient } from "pg";
import type { Books, PaymentName } from "../src/domain/payment-store.ts";
import { createPayments, type Payments } from "../src/domain/payments.ts";
import payment from "../src/index.ts";
import { manualProvider } from "../src/providers/manual-provider.ts";
import { PaymentEvents } from "../src/store/payment-events.ts";
import { PostgresPaymentStore } from "../src/store/payment-store.ts";

let harness: ServiceHarness;
let database: OpenDatabase;
let others: Pool;
let store: PostgresPaymentStore;
let payments: Payments;
let counted: CountedDatabase["counted"];

beforeAll(async () => {
  harness = await startHarness({ services: [payment] });
  const url = harness.databaseUrl("payment");
  ({ database, counted } = await openCountedDatabase({ url, schema: "payment" }));
  others = new Pool({ connectionString: url, max: 3, options: "-c search_path=payment -c plinth.tenant=default" });
  // The real outlets write all events of a transaction by one statement; here none is written.
  store = new PostgresPaymentStore(database, new PaymentEvents({ publish: async () => {}, audit: async () => {} }));
  const providers = new Map([[manualProvider.name, manualProvider]]);
  payments = createPayments({ store, providers, now: () => new Date(), leaseMs: () => 30_000 });
});
afterAll(async () => {
  await others.end();
  await database.close();
  await harness.stop();
});

const authorize = (reference: string) =>
  payments.authorize({
    ...{ reference, provider: "manual", amount: 10_000n, currency: "EUR", methodToken: "", customerId: "", returnUrl: "" },
    fingerprint: reference,
  });

/** What the life of a payment costs, step by step. */
async function costs(reference: string): Promise<Record<string, number>> {
  const part = { amount: 1000n, currency: "EUR", reason: "", refundReference: "" };
  return {
    authorize: await counted(() => authorize(reference)),
    find: await counted(() => store.findBooks({ reference })),
    capture: await counted(() => payments.capture({ reference }, { ...part, key: "all", amount: undefined, final: true })),
    refund: await counted(() => payments.refund({ reference }, { ...part, key: "first" })),
    refundMore: await counted(() => payments.refund({ reference }, { ...part, key: "second" })),
  };
}

test("a payment is read in one statement and written in one, whatever there is of it", async () => {
  // The first use of a connection sets its tenant.
  await costs("ord_first");
  expect(await costs("ord_second")).toEqual({
    // The reference's lock, and that nothing is there; the payment with its operation and all that came of it.
    authorize: 5,
    find: 1,
    // The reference's lock, the row's, its books, and all that came of it.
    capture: 6,
    refund: 6,
    refundMore: 6,
  });
});

/** What a number of JSON cannot hold. */
const LARGE = 9_007_199_254_740_993n;

const ADD_PENDING = `
insert into operations (id, tenant_id, intent_id, kind, key, status, amount, final, captured_before, reason, method_token, return_url, refusal,
  lease_until, created_at)
values ($1, 'default', $2, 'capture', 'theirs', 'pending', ${LARGE}, true, 0, '', '', '', '', now(), now())`;

const ADD_REFUND = `
insert into refunds (id, tenant_id, intent_id, amount, status, provider_id, reason, created_at)
values ($1, 'default', $2, ${LARGE}, 'pending', $1, '', now())`;

/** Holds what `sql` locks until it is told otherwise. */
async function holding(sql: string, parameters: readonly unknown[] = []): Promise<PoolClient> {
  const connection = await others.connect();
  await connection.query("begin");
  await connection.query(sql, [...parameters]);
  return connection;
}

async function letGo(connection: PoolClient): Promise<void> {
  await connection.query("commit");
  connection.release();
}

/** A change by this name, which waits now for a lock of another one. */
async function waiting(name: PaymentName): Promise<{ readonly seen: Promise<Books | undefined> }> {
  let isOver = false;
  const seen = store
    .change(name, undefined, (books) => ({ result: books }))
    .finally(() => {
      isOver = true;
    });
  const sql = `select from pg_stat_activity
    where datname = current_database() and application_name = 'plinth-payment' and wait_event_type = 'Lock'`;
  await eventually(async () => isOver || (await others.query(sql)).rowCount !== 0);
  expect(isOver).toBe(false);
  return { seen };
}

test("who waited for a payment sees all that was done with it meanwhile", async () => {
  const { id } = (await authorize("ord_waited_for")).intent;
  for (const name of [{ id }, { reference: "ord_waited_for" }]) {
    const other = await holding("select from intents where id = $1 for update", [id]);
    const operation = newId("pop");
    const refund = newId("ref");
    await other.query(ADD_PENDING, [operation, id]);
    await other.query(ADD_REFUND, [refund, id]);
    const { seen } = await waiting(name);
    await letGo(other);
    const books = await seen;
    expect(books?.pending).toMatchObject({ id: operation, amount: LARGE });
    expect(books?.refunds.at(-1)).toMatchObject({ id: refund, amount: LARGE });
    await others.query("update operations set status = 'refused', key = id where id = $1", [operation]);
  }
});

test("who waited for a reference sees the payment that was made for it", async () => {
  const other = await holding("select pg_advisory_xact_lock(hashtextextended('default|ord_made_meanwhile', 24))");
  const { seen } = await waiting({ reference: "ord_made_meanwhile" });
  await other.query(
    `insert into intents select * from jsonb_populate_record(
       (select i from intents i where reference = 'ord_waited_for'), '{"id": "pay_meanwhile", "reference": "ord_made_meanwhile", "provider_id": null}')`,
  );
  await letGo(other);
  expect((await seen)?.intent.id).toBe("pay_meanwhile");
});
