import { randomUUID } from "node:crypto";
import { conflict } from "../base/errors.ts";
import type { SqlRunner } from "../base/request-context.ts";
import type { BeginResult, IdempotencyStore, KeptAnswer } from "./idempotency.ts";

/** For the first migration of a module that keeps keys. */
export const IDEMPOTENCY_TABLE_SQL = `
create table idempotency_keys (
  -- Tenant, user and method: nobody meets the key of another.
  scope text not null,
  key text not null,
  fingerprint bytea not null,
  -- Who works on it; a writer whose lease has been taken over no longer finds its row.
  owner uuid not null,
  lease_until timestamptz not null,
  expires_at timestamptz not null,
  answer_kind text,
  answer bytea,
  rest_status integer,
  primary key (scope, key)
);
create index idempotency_keys_expires_at on idempotency_keys (expires_at);
`;

/** For the second one. Set in the transaction that does the work: it is true if and only if something was done. */
export const IDEMPOTENCY_EFFECT_SQL = "alter table idempotency_keys add column effect boolean not null default false;";

/** A key is remembered this long after its first use. */
const KEPT_FOR = "24 hours";

const BEGIN = `
insert into idempotency_keys as kept (scope, key, fingerprint, owner, lease_until, expires_at)
values ($1, $2, $3, $4, now() + $5 * interval '1 millisecond', now() + interval '${KEPT_FOR}')
on conflict (scope, key) do update
  set fingerprint = excluded.fingerprint, owner = excluded.owner, lease_until = excluded.lease_until, expires_at = excluded.expires_at,
      answer_kind = null, answer = null, rest_status = null, effect = false
  where kept.expires_at <= now()
     or (kept.answer is null and not kept.effect and kept.lease_until <= now() and kept.fingerprint = excluded.fingerprint)
returning owner`;

const LOOK = `
select fingerprint, answer_kind, answer, rest_status, effect and lease_until <= now() as lost from idempotency_keys where scope = $1 and key = $2`;

const MARK = `update idempotency_keys set effect = true where scope = $1 and key = $2 and owner = $3 returning key`;

const COMPLETE = `
update idempotency_keys set answer_kind = $4, answer = $5, rest_status = $6 where scope = $1 and key = $2 and owner = $3`;

const RELEASE = `delete from idempotency_keys where scope = $1 and key = $2 and owner = $3 and answer is null and not effect`;

/** Rows at once, so that a sweep holds no lock for long. */
const SWEEP_BATCH = 1000;

const SWEEP = `
delete from idempotency_keys where (scope, key) in
  (select scope, key from idempotency_keys where expires_at <= now() order by expires_at limit ${SWEEP_BATCH} for update skip locked)
returning key`;

/** Keys in the module's schema. */
export class SqlIdempotencyStore implements IdempotencyStore {
  readonly #sql: SqlRunner;

  /** `sql` runs in the module's own schema, outside any other transaction. */
  constructor(sql: SqlRunner) {
    this.#sql = sql;
  }

  async begin(scope: string, key: string, fingerprint: Uint8Array, leaseMs: number): Promise<BeginResult> {
    const owner = randomUUID();
    const begun = await this.#sql.query(BEGIN, [scope, key, fingerprint, owner, leaseMs]);
    if (begun.length > 0) return { kind: "started", owner };
    const [row] = await this.#sql.query(LOOK, [scope, key]);
    // Released between the two statements: the next try begins it.
    if (row === undefined) return { kind: "in-progress" };
    if (Buffer.compare(row.fingerprint as Buffer, fingerprint) !== 0) return { kind: "reused" };
    if (row.answer === null) return { kind: row.lost === true ? "lost" : "in-progress" };
    const answer: KeptAnswer = {
      kind: row.answer_kind as KeptAnswer["kind"],
      bytes: row.answer as Buffer,
      restStatus: row.rest_status as number,
    };
    return { kind: "replay", answer };
  }

  async mark(tx: SqlRunner, scope: string, key: string, owner: string): Promise<void> {
    const marked = await tx.query(MARK, [scope, key, owner]);
    if (marked.length > 0) return;
    throw conflict("The request took too long, and another one with its Idempotency-Key has begun.", { reason: "IDEMPOTENCY_TAKEN_OVER" });
  }

  async complete(scope: string, key: string, owner: string, answer: KeptAnswer): Promise<void> {
    await this.#sql.query(COMPLETE, [scope, key, owner, answer.kind, answer.bytes, answer.restStatus]);
  }

  async release(scope: string, key: string, owner: string): Promise<void> {
    await this.#sql.query(RELEASE, [scope, key, owner]);
  }

  /** Deletes what is older than 24 hours; to be called now and then. Returns how many rows went. */
  async sweep(): Promise<number> {
    let swept = 0;
    for (;;) {
      const { length } = await this.#sql.query(SWEEP, []);
      swept += length;
      if (length < SWEEP_BATCH) return swept;
    }
  }
}
