import { ALL_TENANTS, type Database, type Transaction } from "@plinth/kernel/database";
import type { Entry } from "../domain/entry.ts";
import type { SealStore, SealTurn } from "../domain/seal-store.ts";
import type { Sealed } from "../domain/sealing.ts";
import type { TrailCheckpoint } from "../domain/trail.ts";
import { type EntryRow, entryColumns, entryOf } from "./entry-row.ts";
import { CHECKPOINT_COLUMNS, type CheckpointRow, checkpointOf } from "./trail-rows.ts";

/** Together with the tenant's hash the name of a lock; two tenants of one hash only wait for each other. */
const LOCK = "select pg_try_advisory_xact_lock(hashtext('plinth.audit seal'), hashtext($1)) as locked";

const WAITING = `with recursive waiting as (
    (select tenant_id from unsealed order by tenant_id limit 1)
    union all
    select (select u.tenant_id from unsealed u where u.tenant_id > w.tenant_id order by u.tenant_id limit 1) from waiting w where w.tenant_id is not null
  ) select tenant_id from waiting where tenant_id is not null`;

const LAST = `select ${CHECKPOINT_COLUMNS} from checkpoints where tenant_id = $1 order by tree_size desc limit 1`;

const TAKE = `with taken as (
    delete from unsealed u using (select position from unsealed where tenant_id = $1 order by position limit $2) oldest
    where u.tenant_id = $1 and u.position = oldest.position returning u.position, u.id, u.recorded_at
  )
  select t.position, t.id as waiting_id, ${entryColumns("e")},
    exists (select from leaves l where l.tenant_id = $1 and l.entry_id = t.id) as sealed
  from taken t left join entries e on e.tenant_id = $1 and e.id = t.id and e.recorded_at = t.recorded_at order by t.position`;

type TakenRow = { readonly [Column in keyof EntryRow]: EntryRow[Column] | null } & {
  readonly waiting_id: string;
  readonly sealed: boolean;
};

const INSERT_LEAVES = `insert into leaves (tenant_id, sequence, entry_id, recorded_at, hash)
  select $1, $2::bigint + row.number - 1, row.id, row.recorded_at, row.hash
  from unnest($3::text[], $4::timestamptz[], $5::bytea[]) with ordinality row (id, recorded_at, hash, number)`;

const INSERT_NODES = `insert into nodes (tenant_id, level, position, hash)
  select $1, node.level, node.position, node.hash from unnest($2::smallint[], $3::bigint[], $4::bytea[]) node (level, position, hash)`;

const INSERT_CHECKPOINT = `insert into checkpoints (tenant_id, tree_size, root, signed_at, previous, key_id, signature, edge)
  values ($1, $2, $3, $4, $5, $6, $7, $8)`;

/** Puts entries into the tree in Postgres. */
export class PostgresSealStore implements SealStore {
  readonly #database: Database;
  readonly #onMissing: (tenantId: string, entryId: string) => void;

  /** @param onMissing told of an entry that is gone before it was sealed. */
  constructor(database: Database, onMissing: (tenantId: string, entryId: string) => void) {
    this.#database = database;
    this.#onMissing = onMissing;
  }

  async waitingTenants(): Promise<readonly string[]> {
    const rows = await this.#database.read((tx) => tx.query<{ tenant_id: string }>(WAITING), { tenantId: ALL_TENANTS });
    return rows.map((row) => row.tenant_id);
  }

  sealBatch(
    tenantId: string,
    limit: number,
    seal: (last: TrailCheckpoint | undefined, entries: readonly Entry[]) => Sealed,
  ): Promise<SealTurn> {
    const work = async (tx: Transaction): Promise<SealTurn> => {
      const [lock] = await tx.query<{ locked: boolean }>(LOCK, [tenantId]);
      // Statements after this one see all that the sealer before has committed: its lock ends after its commit.
      if (lock?.locked !== true) return "busy";
      const rows = await tx.query<TakenRow>(TAKE, [tenantId, limit]);
      const entries = this.#present(tenantId, rows);
      if (entries.length === 0) return { taken: rows.length, checkpoint: undefined };
      const [last] = await tx.query<CheckpointRow>(LAST, [tenantId]);
      const sealed = seal(last && checkpointOf(last), entries);
      await insert(tx, tenantId, entries, sealed);
      return { taken: rows.length, checkpoint: sealed.checkpoint };
    };
    return this.#database.transaction(work, { tenantId });
  }

  /** Passes over what is gone, and over what was put in line although it has its place. */
  #present(tenantId: string, rows: readonly TakenRow[]): Entry[] {
    const entries: Entry[] = [];
    for (const row of rows) {
      if (row.sealed) continue;
      if (row.id === null) this.#onMissing(tenantId, row.waiting_id);
      else entries.push(entryOf(row as EntryRow, undefined));
    }
    return entries;
  }
}

async function insert(tx: Transaction, tenantId: string, entries: readonly Entry[], sealed: Sealed): Promise<void> {
  const { hashes, firstSequence, nodes, checkpoint } = sealed;
  const ids = entries.map(({ id }) => id);
  const times = entries.map(({ recordedAt }) => recordedAt);
  await tx.query(INSERT_LEAVES, [tenantId, firstSequence, ids, times, hashes]);
  if (nodes.length > 0) {
    const column = <Value>(of: (node: (typeof nodes)[number]) => Value): Value[] => nodes.map(of);
    await tx.query(INSERT_NODES, [tenantId, column((node) => node.level), column((node) => node.position), column((node) => node.hash)]);
  }
  const { size, root, signedAt, previous, keyId, signature, edge } = checkpoint;
  await tx.query(INSERT_CHECKPOINT, [tenantId, size, root, signedAt, previous, keyId, signature, edge]);
}
