import type { Database, Transaction } from "@plinth/kernel/database";
import type { Attempt, FailedLogin, GuardStore } from "../domain/guard-store.ts";
import { FRESH_GUARD, type Guard, type Guards } from "../domain/login-guard.ts";
import type { SessionEvents } from "./session-events.ts";

/** The network of the row that stands for the account as a whole. */
const ACCOUNT_ROW = "";

const COLUMNS = `network, failures, failed_at as "failedAt", locked_until as "lockedUntil", full_at as "fullAt", succeeded_at as "succeededAt"`;

/** Guards in Postgres, where all replicas see them. */
export class PostgresGuardStore implements GuardStore {
  readonly #database: Database;
  readonly #events: SessionEvents;

  constructor(database: Database, events: SessionEvents) {
    this.#database = database;
    this.#events = events;
  }

  update<T>(attempt: Attempt, decide: (guards: Guards) => { guards: Guards | undefined; result: T }): Promise<T> {
    const work = async (tx: Transaction) => {
      const { guards, result } = decide(await lockGuards(tx, attempt));
      if (guards !== undefined) await writeGuards(tx, attempt, guards);
      return result;
    };
    return this.#database.transaction(work, { tenantId: attempt.tenantId });
  }

  async fail(attempt: Attempt, failure: FailedLogin, decide: (guards: Guards) => { guards: Guards; lockedOut: boolean }): Promise<void> {
    const work = async (tx: Transaction) => {
      const { guards, lockedOut } = decide(await lockGuards(tx, attempt));
      await writeGuards(tx, attempt, guards);
      await this.#events.loginFailed(tx, attempt, failure);
      if (lockedOut) await this.#events.lockedOut(tx, attempt, failure);
    };
    await this.#database.transaction(work, { tenantId: attempt.tenantId });
  }
}

/** Both rows come into being first, so that attempts at once queue up at them. In one order, so that they cannot deadlock. */
async function lockGuards(tx: Transaction, { tenantId, account, network, startedAt }: Attempt): Promise<Guards> {
  await tx.query(
    `insert into login_guards (tenant_id, account, network, touched_at) values ($1, $2, $3, $5), ($1, $2, $4, $5)
     on conflict do nothing`,
    [tenantId, account, ACCOUNT_ROW, rowOf(network), startedAt],
  );
  const rows = await tx.query<Guard & { network: string }>(
    `select ${COLUMNS} from login_guards where tenant_id = $1 and account = $2 and network in ($3, $4) order by network for update`,
    [tenantId, account, ACCOUNT_ROW, rowOf(network)],
  );
  const guardOf = (name: string): Guard => rows.find((row) => row.network === name) ?? FRESH_GUARD;
  return { account: guardOf(ACCOUNT_ROW), network: guardOf(rowOf(network)) };
}

async function writeGuards(tx: Transaction, { tenantId, account, network, startedAt }: Attempt, guards: Guards): Promise<void> {
  const of = (guard: Guard) => [guard.failures, guard.failedAt, guard.lockedUntil, guard.fullAt, guard.succeededAt];
  await tx.query(
    `update login_guards g set failures = v.failures, failed_at = v.failed_at, locked_until = v.locked_until, full_at = v.full_at,
       succeeded_at = v.succeeded_at, touched_at = $5
     from (values
       ($3::text, $6::int, $7::timestamptz, $8::timestamptz, $9::timestamptz, $10::timestamptz),
       ($4::text, $11::int, $12::timestamptz, $13::timestamptz, $14::timestamptz, $15::timestamptz)
     ) as v (network, failures, failed_at, locked_until, full_at, succeeded_at)
     where g.tenant_id = $1 and g.account = $2 and g.network = v.network`,
    [tenantId, account, ACCOUNT_ROW, rowOf(network), startedAt, ...of(guards.account), ...of(guards.network)],
  );
}

/** A client without a known address has a row of its own, too. */
function rowOf(network: string): string {
  return network === ACCOUNT_ROW ? "unknown" : network;
}
