import { idAtTime } from "../base/ids.ts";
import { ALL_TENANTS, type Database, type Statement, type Transaction } from "../database/database.ts";
import type { Move, Position } from "./next-move.ts";
import type { PreparedNote, PreparedStart } from "./prepared-sql.ts";
import type { Saga, SagaEntry, SagaFailure, SagaStatus } from "./saga.ts";

/** A row of `sagas`, with what only the runner needs. */
export interface StoredSaga extends Saga<object> {
  readonly tenantId: string;
  readonly inputHash: string;
  readonly attempt: number;
  /** Also while somebody works on it again, which `waitsUntil` is not. */
  readonly stepWaitsUntil: Date | undefined;
  readonly requestId: string;
  readonly traceId: string | undefined;
}

export interface NewSaga {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  readonly inputHash: string;
  readonly state: object;
  readonly step: string;
  readonly requestId: string;
  readonly traceId: string | undefined;
}

/** A step that was not needed. */
export type PassedStep = Pick<SagaEntry, "step" | "direction">;

/** What is written after each try. */
export interface Tried {
  readonly saga: StoredSaga;
  readonly owner: string;
  readonly position: Position;
  readonly move: Move;
  /** Between the step that was tried and the one that the move leads to. */
  readonly passed: readonly PassedStep[];
  readonly state: object;
  readonly outcome: SagaEntry["outcome"];
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly error: string | undefined;
  /** How long nobody else takes the saga up, ms from now; undefined gives it back to whoever comes first, after the move's wait. */
  readonly keepForMs: number | undefined;
}

/** The saga has gone on meanwhile: this worker was too slow, or did not hear that its note was written. What it would note now counts for nothing. */
export class SagaTakenOverError extends Error {
  constructor(id: string) {
    super(`Saga ${id} has gone on meanwhile.`);
    this.name = "SagaTakenOverError";
  }
}

const COLUMNS = `id, tenant_id as "tenantId", name, key, input_hash as "inputHash", state, status, step, attempt, failure,
  waits_until as "stepWaitsUntil", case when owner is null then waits_until end as "waitsUntil", request_id as "requestId",
  trace_id as "traceId", created_at as "createdAt", finished_at as "finishedAt"`;

/** A row of `sagas` as it is read. */
export interface SagaRow {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly key: string;
  readonly inputHash: string;
  readonly state: object;
  readonly status: SagaStatus;
  readonly step: string | null;
  readonly attempt: number;
  readonly failure: SagaFailure | null;
  readonly stepWaitsUntil: Date | null;
  readonly waitsUntil: Date | null;
  readonly requestId: string;
  readonly traceId: string | null;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

/** With an owner it is in hand at once, for `keepForMs`. No row when a saga of that name and key is there already. */
export function prepareStart(saga: NewSaga, owner: string | undefined, keepForMs: number): PreparedStart {
  return {
    insert(first, from) {
      const [id, name, key, hash, state, step, request, trace, by, keep] = parameters(first, 10);
      return `insert into sagas (id, name, key, input_hash, state, status, step, request_id, trace_id, owner, wake_at)
        select ${id}, ${name}, ${key}, ${hash}, ${state}::jsonb, 'running', ${step}, ${request}, ${trace}, ${by}::uuid,
          now() + ${keep}::float8 * interval '1 ms' from ${from}
        on conflict (tenant_id, name, key) do nothing returning ${COLUMNS}`;
    },
    values: [
      ...[saga.id, saga.name, saga.key, saga.inputHash, JSON.stringify(saga.state), saga.step, saga.requestId, saga.traceId ?? null],
      ...[owner ?? null, owner === undefined ? 0 : keepForMs],
    ],
  };
}

/** Undefined when a saga of that name and key is there already. */
export async function insertSaga(
  tx: Transaction,
  saga: NewSaga,
  owner: string | undefined,
  keepForMs: number,
): Promise<StoredSaga | undefined> {
  const { insert, values } = prepareStart(saga, owner, keepForMs);
  const [row] = await tx.query<SagaRow>(insert(1, "(select) as once"), values);
  return row === undefined ? undefined : toSaga(row);
}

export async function findSaga(tx: Transaction, name: string, key: string): Promise<StoredSaga | undefined> {
  const [row] = await tx.query<SagaRow>(`select ${COLUMNS} from sagas where tenant_id = $1 and name = $2 and key = $3`, [
    tx.tenantId,
    name,
    key,
  ]);
  return row === undefined ? undefined : toSaga(row);
}

/** Newest first; `condition` is SQL over the columns, with its parameters from `$1` on. */
export async function findSagas(tx: Transaction, condition: string, parameters: readonly unknown[], limit: number): Promise<StoredSaga[]> {
  const sql = `select ${COLUMNS} from sagas where ${condition} order by created_at desc, id desc limit $${parameters.length + 1}`;
  return (await tx.query<SagaRow>(sql, [...parameters, limit])).map(toSaga);
}

/** Takes up to `limit` sagas that nobody works on, of all tenants; a try that somebody did not live to note counts as failed. */
export async function claimSagas(
  database: Database,
  names: readonly string[],
  owner: string,
  keepForMs: number,
  limit: number,
): Promise<StoredSaga[]> {
  const rows = await database.statement(
    (tx) =>
      tx.query<SagaRow>(
        `update sagas set attempt = attempt + (owner is not null)::int, owner = $1, wake_at = now() + $2::float8 * interval '1 ms'
         where id in (select id from sagas where finished_at is null and wake_at <= now() and name = any($3) order by wake_at limit $4
           for update skip locked)
         returning ${COLUMNS}`,
        [owner, keepForMs, names, limit],
      ),
    { tenantId: ALL_TENANTS },
  );
  return rows.map(toSaga);
}

/**
 * Word came for a saga: it is taken up at once, or, where somebody works on it, does not lie down again before the word was heard. Answers whether
 * there is such a saga that has not ended.
 */
export async function wakeSaga(tx: Transaction, name: string, key: string): Promise<boolean> {
  const woken = await tx.query(
    `update sagas set woken = true, wake_at = case when owner is null then least(wake_at, now()) else wake_at end
     where tenant_id = $1 and name = $2 and key = $3 and finished_at is null returning id`,
    [tx.tenantId, name, key],
  );
  return woken.length > 0;
}

/** Takes this one saga, if it is due and nobody works on it. */
export async function claimSaga(
  tx: Transaction,
  name: string,
  key: string,
  owner: string,
  keepForMs: number,
): Promise<StoredSaga | undefined> {
  const [row] = await tx.query<SagaRow>(
    `update sagas set owner = $4, wake_at = now() + $5::float8 * interval '1 ms'
     where tenant_id = $1 and name = $2 and key = $3 and finished_at is null and owner is null and wake_at <= now() returning ${COLUMNS}`,
    [tx.tenantId, name, key, owner, keepForMs],
  );
  return row === undefined ? undefined : toSaga(row);
}

/** Writes where the saga stands, and the lines of its timeline. The time that this statement takes counts as the step's, which may be written by it. */
export function prepareNote(tried: Tried): PreparedNote {
  const { saga, owner, position: before, move, passed, keepForMs } = tried;
  const position = "position" in move ? move.position : undefined;
  const lines = [{ step: before.step, direction: before.status === "running" ? "do" : "undo" } as const, ...passed];
  return {
    with(first) {
      const [
        id,
        by,
        state,
        status,
        step,
        attempt,
        failure,
        keep,
        after,
        tenant,
        steps,
        directions,
        tries,
        outcome,
        started,
        took,
        ...more
      ] = parameters(first, 21);
      const [error, trace, waits, until, was] = more;
      return `moved as (
          update sagas set state = ${state}::jsonb, status = ${status}, step = ${step}::text, attempt = ${attempt}, failure = ${failure}::jsonb,
            owner = case when ${keep}::float8 is null then null else owner end,
            wake_at = case when ${until}::timestamptz is not null and not woken then ${until}
              else now() + coalesce(${keep}::float8, ${after}::float8) * interval '1 ms' end,
            waits_until = ${waits}, woken = woken and ${until} is null,
            finished_at = case when ${step}::text is null then now() end
          where id = ${id} and owner = ${by} and status = ${was} and step = (${steps}::text[])[1] and attempt = ${tries}::int - 1 returning id
        ), told as (
          insert into saga_entries (tenant_id, saga_id, step, direction, attempt, outcome, started_at, duration_ms, error, trace_id)
          select ${tenant}, id, line.step, line.direction, case nr when 1 then ${tries}::int else 1 end,
            case nr when 1 then ${outcome} else 'skipped' end, case nr when 1 then ${started}::timestamptz else now() end,
            case nr when 1 then (${took}::float8 + extract(epoch from clock_timestamp() - statement_timestamp()) * 1000)::int else 0 end, case nr when 1 then ${error} end, ${trace}
          from moved, unnest(${steps}::text[], ${directions}::text[]) with ordinality as line (step, direction, nr) order by nr
        )`;
    },
    values: [
      ...[saga.id, owner, JSON.stringify(tried.state), move.kind === "end" ? move.status : move.position.status],
      ...[position?.step ?? null, position?.attempt ?? 0],
      JSON.stringify((move.kind === "end" ? move.failure : move.position.failure) ?? null),
      ...[keepForMs ?? null, move.kind === "go" ? move.afterMs : 0, saga.tenantId],
      lines.map(({ step }) => step),
      lines.map(({ direction }) => direction),
      ...[before.attempt + 1, tried.outcome, tried.startedAt.toISOString(), Math.round(tried.durationMs)],
      ...[tried.error?.slice(0, 2_000) ?? null, saga.traceId ?? null, position?.waitsUntil?.toISOString() ?? null],
      ...[move.kind === "wait" ? move.until.toISOString() : null, before.status],
    ],
  };
}

/**
 * Writes the note by a statement of its own. Throws `SagaTakenOverError` where the saga does not stand any more where the try began: another worker went on with
 * it, perhaps of this process, or the answer to an earlier note was lost.
 */
export async function noteTry(tx: Statement, tried: Tried): Promise<void> {
  const note = prepareNote(tried);
  const moved = await tx.query(`with ${note.with(1)} select id from moved`, note.values);
  if (moved.length === 0) throw new SagaTakenOverError(tried.saga.id);
}

/** `$first` and so on. */
function parameters(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `$${first + index}`);
}

/** Gives sagas in hand back at once, for another replica: this one stops. */
export async function giveBack(database: Database, ids: readonly string[], owner: string): Promise<void> {
  const free = "update sagas set owner = null, wake_at = now() where id = any($1) and owner = $2 and finished_at is null";
  await database.statement((tx) => tx.query(free, [ids, owner]), { tenantId: ALL_TENANTS });
}

/** Clocks of processes and of the database differ. */
const CLOCK_SLACK_MS = 3_600_000;

/**
 * Of all tenants; what another replica removes at the moment is left to it. Timelines go with their sagas. Ids grow with time: what began too late to have
 * ended so long ago is not even looked at.
 */
export async function removeFinishedSagas(
  database: Database,
  names: readonly string[],
  olderThanMs: number,
  limit: number,
): Promise<number> {
  const sql = `delete from sagas where id in (select id from sagas
      where id < $1 and finished_at < now() - $2::float8 * interval '1 ms' and name = any($3) order by id limit $4 for update skip locked) returning id`;
  const began = idAtTime("saga", Date.now() - olderThanMs + CLOCK_SLACK_MS);
  return (await database.statement((tx) => tx.query(sql, [began, olderThanMs, names, limit]), { tenantId: ALL_TENANTS })).length;
}

/** Oldest first. */
export async function listEntries(tx: Transaction, sagaId: string): Promise<SagaEntry[]> {
  const rows = await tx.query<Omit<SagaEntry, "error" | "traceId"> & { error: string | null; traceId: string | null }>(
    `select step, direction, attempt, outcome, started_at as "startedAt", duration_ms as "durationMs", error, trace_id as "traceId"
     from saga_entries where saga_id = $1 order by position`,
    [sagaId],
  );
  return rows.map((row) => ({ ...row, error: row.error ?? undefined, traceId: row.traceId ?? undefined }));
}

export function toSaga(row: SagaRow): StoredSaga {
  return {
    ...row,
    step: row.step ?? undefined,
    failure: row.failure ?? undefined,
    stepWaitsUntil: row.stepWaitsUntil ?? undefined,
    waitsUntil: row.waitsUntil ?? undefined,
    traceId: row.traceId ?? undefined,
    finishedAt: row.finishedAt ?? undefined,
  };
}
