import type { Subtree } from "../domain/merkle-tree.ts";
import { rootOver, type StoredRange, storedBelow } from "../domain/stored-levels.ts";
import type { LooseEntry, Trail, TrailBounds, TrailCheckpoint, TrailLeaf } from "../domain/trail.ts";
import { asRfc3339, type EntryRow, entryColumns, entryOf } from "./entry-row.ts";

/** Runs one statement, with the rows of `tenantId` (all tenants' for `*`) in sight. */
export type RunSql = <Row>(tenantId: string, sql: string, parameters: readonly unknown[]) => Promise<Row[]>;

const PAGE = 2_000;

/** A row of `checkpoints`, as `CHECKPOINT_COLUMNS` asks for it. */
export interface CheckpointRow {
  readonly tenant_id: string;
  readonly tree_size: string;
  readonly root: Buffer;
  readonly signed: string;
  readonly previous: Buffer;
  readonly key_id: string;
  readonly signature: Buffer;
  readonly edge: Buffer;
}

export const CHECKPOINT_COLUMNS = `tenant_id, tree_size, root, ${asRfc3339("signed_at")} as signed, previous, key_id, signature, edge`;

export function checkpointOf(row: CheckpointRow): TrailCheckpoint {
  return {
    tenantId: row.tenant_id,
    size: Number(row.tree_size),
    root: row.root,
    signedAt: row.signed,
    previous: row.previous,
    keyId: row.key_id,
    signature: row.signature,
    edge: row.edge,
  };
}

/** What the database holds, in pages of a statement each: nothing sealed ever changes, so no snapshot is held while a long trail is read. */
export class TrailRows implements Trail {
  readonly #run: RunSql;

  constructor(run: RunSql) {
    this.#run = run;
  }

  async tenants(): Promise<readonly string[]> {
    const rows = await this.#run<{ tenant_id: string }>(
      "*",
      `select tenant_id from checkpoints union select tenant_id from leaves union select tenant_id from entries union select tenant_id from entry_ids order by 1`,
      [],
    );
    return rows.map((row) => row.tenant_id);
  }

  async bounds(tenantId: string): Promise<TrailBounds> {
    const sql = `select coalesce((select max(tree_size) from checkpoints where tenant_id = $1), 0) as checkpointed,
      coalesce((select max(sequence) + 1 from leaves where tenant_id = $1), 0) as leaves`;
    const [row] = await this.#run<{ checkpointed: string; leaves: string }>(tenantId, sql, [tenantId]);
    return { checkpointed: Number(row?.checkpointed ?? 0), leaves: Number(row?.leaves ?? 0) };
  }

  async *checkpoints(tenantId: string, size: number): AsyncGenerator<TrailCheckpoint> {
    const sql = `select ${CHECKPOINT_COLUMNS} from checkpoints where tenant_id = $1 and tree_size > $2 and tree_size <= $3 order by tree_size limit ${PAGE}`;
    for (let after = 0; ; ) {
      const rows = await this.#run<CheckpointRow>(tenantId, sql, [tenantId, after, size]);
      for (const row of rows) yield checkpointOf(row);
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) return;
      after = Number(last.tree_size);
    }
  }

  async *leaves(tenantId: string, size: number): AsyncGenerator<TrailLeaf> {
    const sql = `select l.sequence, l.entry_id, l.hash, ${entryColumns("e")} from
      (select * from leaves where tenant_id = $1 and sequence >= $2 and sequence < $3 order by sequence limit ${PAGE}) l
      left join entries e on e.tenant_id = l.tenant_id and e.id = l.entry_id and e.recorded_at = l.recorded_at order by l.sequence`;
    for (let from = 0; ; ) {
      const rows = await this.#run<Nullable<EntryRow> & { sequence: string; entry_id: string; hash: Buffer }>(tenantId, sql, [
        tenantId,
        from,
        size,
      ]);
      for (const row of rows) {
        const sequence = Number(row.sequence);
        yield { sequence, entryId: row.entry_id, hash: row.hash, entry: isEntry(row) ? entryOf(row, sequence) : undefined };
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) return;
      from = Number(last.sequence) + 1;
    }
  }

  async nodes(tenantId: string, subtrees: readonly Subtree[]): Promise<(Buffer | undefined)[]> {
    if (subtrees.length === 0) return [];
    const known = await this.#stored(
      tenantId,
      subtrees.map(({ level, position }) => ({ level, first: position, last: position })),
    );
    return subtrees.map(({ level, position }) => known.get(`${level}/${position}`));
  }

  /** The roots of any complete subtrees. Throws where a hash is not there. */
  async subtrees(tenantId: string, subtrees: readonly Subtree[]): Promise<Buffer[]> {
    const ranges = subtrees.map(storedBelow);
    const known = await this.#stored(tenantId, ranges);
    return ranges.map(({ level, first, last }) => {
      const hashes: Buffer[] = [];
      for (let position = first; position <= last; position++) {
        const hash = known.get(`${level}/${position}`);
        if (hash === undefined) throw new Error(`The tree of ${tenantId} has no hash at level ${level}, position ${position}; verify it.`);
        hashes.push(hash);
      }
      return rootOver(hashes);
    });
  }

  async *loose(tenantId: string): AsyncGenerator<LooseEntry> {
    // Whoever is in the tree or on the way there is so in the same transaction, so one statement sees no state between.
    const unsealed = `not exists (select from leaves l where l.tenant_id = $1 and l.entry_id = known.id)
      and not exists (select from unsealed u where u.tenant_id = $1 and u.id = known.id)`;
    const missing = `not exists (select from entries e where e.tenant_id = $1 and e.id = known.id)
      and not exists (select from leaves l where l.tenant_id = $1 and l.entry_id = known.id)`;
    for await (const entryId of this.#idsWhere(tenantId, "entries", unsealed)) yield { entryId, kind: "unsealed" };
    for await (const entryId of this.#idsWhere(tenantId, "entry_ids", missing)) yield { entryId, kind: "missing" };
  }

  async *#idsWhere(tenantId: string, table: string, condition: string): AsyncGenerator<string> {
    const page = `select distinct id from ${table} where tenant_id = $1 and id > $2 order by id limit ${PAGE}`;
    const sql = `select known.id, (${condition}) as found from (${page}) known order by known.id`;
    for (let after = ""; ; ) {
      const rows = await this.#run<{ id: string; found: boolean }>(tenantId, sql, [tenantId, after]);
      for (const { id, found } of rows) if (found) yield id;
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) return;
      after = last.id;
    }
  }

  /** The limits tell the planner how few rows a range has: it takes them for a ninth of the table otherwise, and reads it whole. */
  async #stored(tenantId: string, ranges: readonly StoredRange[]): Promise<Map<string, Buffer>> {
    const known = new Map<string, Buffer>();
    const leaves = ranges.filter(({ level }) => level === 0);
    const inner = ranges.filter(({ level }) => level > 0);
    const firsts = (of: readonly StoredRange[]) => of.map(({ first }) => first);
    const lasts = (of: readonly StoredRange[]) => of.map(({ last }) => last);
    if (leaves.length > 0) {
      const sql = `select found.position, found.hash from unnest($2::bigint[], $3::bigint[]) r (first, last) cross join lateral (
        select sequence as position, hash from leaves where tenant_id = $1 and sequence between r.first and r.last
        order by sequence limit r.last - r.first + 1) found`;
      const rows = await this.#run<{ position: string; hash: Buffer }>(tenantId, sql, [tenantId, firsts(leaves), lasts(leaves)]);
      for (const { position, hash } of rows) known.set(`0/${position}`, hash);
    }
    if (inner.length > 0) {
      const sql = `select r.level, found.position, found.hash
        from unnest($2::smallint[], $3::bigint[], $4::bigint[]) r (level, first, last) cross join lateral (
        select position, hash from nodes where tenant_id = $1 and level = r.level and position between r.first and r.last
        order by position limit r.last - r.first + 1) found`;
      const levels = inner.map(({ level }) => level);
      const rows = await this.#run<{ level: number; position: string; hash: Buffer }>(tenantId, sql, [
        tenantId,
        levels,
        firsts(inner),
        lasts(inner),
      ]);
      for (const { level, position, hash } of rows) known.set(`${level}/${position}`, hash);
    }
    return known;
  }
}

type Nullable<Row> = { readonly [Column in keyof Row]: Row[Column] | null };

function isEntry<Row extends Nullable<EntryRow>>(row: Row): row is Row & EntryRow {
  return row.id !== null;
}
