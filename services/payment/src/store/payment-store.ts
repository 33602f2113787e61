import type { Page, PageRequest } from "@plinth/kernel/base";
import { ALL_TENANTS, type Database, listPage, type PageOrder, type Transaction } from "@plinth/kernel/database";
import type { Difference } from "../domain/difference.ts";
import type { Intent } from "../domain/intent.ts";
import type { Posting } from "../domain/ledger.ts";
import type {
  BookedTransaction,
  Books,
  Decision,
  IntentFilter,
  OperationName,
  PastHappening,
  PaymentName,
  PaymentStore,
} from "../domain/payment-store.ts";
import type { PaymentEvents } from "./payment-events.ts";
import { lockBooks, readBooks } from "./read-books.ts";
import { type IntentRow, intentOf } from "./rows.ts";
import { writeChanges } from "./write-changes.ts";

const NEWEST_INTENTS: readonly PageOrder[] = [
  { by: "created_at", direction: "desc" },
  { by: "id", direction: "desc" },
];
const NEWEST_BOOKED: readonly PageOrder[] = [
  { by: "at", direction: "desc" },
  { by: "id", direction: "desc" },
];
/** Lines of a payment's history that are shown. */
const HISTORY_SHOWN = 500;

interface BookedRow extends Record<string, unknown> {
  readonly id: string;
  readonly intent_id: string;
  readonly kind: BookedTransaction["kind"];
  readonly currency: string;
  readonly at: Date;
  readonly postings: readonly { account: Posting["account"]; amount: string }[];
}

/** Payments in Postgres. */
export class PostgresPaymentStore implements PaymentStore {
  readonly #database: Database;
  readonly #events: PaymentEvents;

  constructor(database: Database, events: PaymentEvents) {
    this.#database = database;
    this.#events = events;
  }

  change<T>(
    name: PaymentName,
    same: OperationName | undefined,
    decide: (books: Books | undefined, tenantId: string) => Decision<T>,
  ): Promise<T> {
    return this.#database.transaction(async (tx) => {
      const books = await lockBooks(tx, name, same);
      const { result, changes = {} } = decide(books, tx.tenantId);
      const intent = changes.intent ?? books?.intent;
      if (intent !== undefined) {
        await writeChanges(tx, intent, changes, new Date());
        await this.#events.tell(tx, intent, changes.happenings ?? []);
      }
      return result;
    });
  }

  findBooks(name: PaymentName, same?: OperationName): Promise<Books | undefined> {
    return this.#database.read((tx) => readBooks(tx, name, same));
  }

  async listIntents({ state, customerId }: IntentFilter, page: PageRequest): Promise<Page<Intent>> {
    const rows = await this.#database.read((tx) => {
      const parameters: unknown[] = [tx.tenantId];
      let sql = "select * from intents where tenant_id = $1";
      if (state !== undefined) sql += ` and state = $${parameters.push(state)}`;
      if (customerId !== undefined) sql += ` and customer_id = $${parameters.push(customerId)}`;
      return listPage<IntentRow>(tx, { sql, parameters, order: NEWEST_INTENTS, page });
    });
    return { items: rows.items.map(intentOf), nextPageToken: rows.nextPageToken };
  }

  async listHistory(intentId: string): Promise<PastHappening[]> {
    const sql = "select what, amount, at from history where intent_id = $1 order by id limit $2";
    const rows = await this.#database.read((tx) =>
      tx.query<{ what: string; amount: string | null; at: Date }>(sql, [intentId, HISTORY_SHOWN]),
    );
    return rows.map(({ what, amount, at }) => ({ what, at, amount: amount === null ? null : BigInt(amount) }));
  }

  async listLedger(paymentId: string | undefined, page: PageRequest): Promise<Page<BookedTransaction>> {
    const rows = await this.#database.read((tx) => {
      const sql = `
        select booked.id, booked.intent_id, booked.kind, booked.currency, booked.at,
          (select json_agg(json_build_object('account', account, 'amount', amount::text) order by amount, account)
           from ledger_postings where transaction_id = booked.id) as postings
        from ledger_transactions booked where tenant_id = $1 ${paymentId === undefined ? "" : "and intent_id = $2"}`;
      const parameters = paymentId === undefined ? [tx.tenantId] : [tx.tenantId, paymentId];
      return listPage<BookedRow>(tx, { sql, parameters, order: NEWEST_BOOKED, page });
    });
    return { items: rows.items.map(bookedOf), nextPageToken: rows.nextPageToken };
  }

  async listAbandoned(now: Date, limit: number): Promise<{ intentId: string; tenantId: string }[]> {
    const sql = `
      select intent_id, tenant_id from operations where status = 'pending' and lease_until <= $1
      union
      select id, tenant_id from intents where void_wanted
        and not exists (select from operations where intent_id = intents.id and status = 'pending')
      limit $2`;
    const read = (tx: Transaction) => tx.query<{ intent_id: string; tenant_id: string }>(sql, [now, limit]);
    const rows = await this.#database.read(read, { tenantId: ALL_TENANTS });
    return rows.map(({ intent_id, tenant_id }) => ({ intentId: intent_id, tenantId: tenant_id }));
  }

  async findByProviderId(provider: string, providerId: string): Promise<{ intentId: string; tenantId: string } | undefined> {
    const sql = "select id, tenant_id from intents where provider = $1 and provider_id = $2";
    const read = (tx: Transaction) => tx.query<{ id: string; tenant_id: string }>(sql, [provider, providerId]);
    const [row] = await this.#database.read(read, { tenantId: ALL_TENANTS });
    return row === undefined ? undefined : { intentId: row.id, tenantId: row.tenant_id };
  }

  async listMadeSince(provider: string, since: Date): Promise<Intent[]> {
    const sql = "select * from intents where tenant_id = $1 and provider = $2 and created_at >= $3 order by created_at desc";
    return (await this.#database.read((tx) => tx.query<IntentRow>(sql, [tx.tenantId, provider, since]))).map(intentOf);
  }

  async listTenants(provider: string, since: Date): Promise<string[]> {
    const sql = "select distinct tenant_id from intents where provider = $1 and created_at >= $2";
    const read = (tx: Transaction) => tx.query<{ tenant_id: string }>(sql, [provider, since]);
    return (await this.#database.read(read, { tenantId: ALL_TENANTS })).map(({ tenant_id }) => tenant_id);
  }

  async noteDifferences(differences: readonly Difference[]): Promise<void> {
    if (differences.length === 0) return;
    await this.#database.transaction((tx) => this.#events.differ(tx, differences));
  }

  async isEventSeen(provider: string, eventId: string): Promise<boolean> {
    const sql = "select from heard_events where provider = $1 and event_id = $2";
    return (await this.#database.read((tx) => tx.query(sql, [provider, eventId]))).length > 0;
  }

  async noteEvent(provider: string, eventId: string, type: string): Promise<void> {
    const sql = "insert into heard_events (provider, event_id, type) values ($1, $2, $3) on conflict do nothing";
    await this.#database.statement((tx) => tx.query(sql, [provider, eventId, type]));
  }

  async removeEventsBefore(moment: Date): Promise<void> {
    await this.#database.statement((tx) => tx.query("delete from heard_events where heard_at < $1", [moment]));
  }
}

function bookedOf({ id, intent_id: paymentId, kind, currency, at, postings }: BookedRow): BookedTransaction {
  return { id, paymentId, kind, currency, at, postings: postings.map(({ account, amount }) => ({ account, amount: BigInt(amount) })) };
}
