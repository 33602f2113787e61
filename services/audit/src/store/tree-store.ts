import type { Database } from "@plinth/kernel/database";
import type { SubtreeReader } from "../domain/merkle-proof.ts";
import type { TrailCheckpoint } from "../domain/trail.ts";
import type { PlacedEntry, TreeStore } from "../domain/tree-store.ts";
import { type EntryRow, entryColumns, entryOf } from "./entry-row.ts";
import { CHECKPOINT_COLUMNS, type CheckpointRow, checkpointOf, type RunSql, TrailRows } from "./trail-rows.ts";

/** The tree in Postgres, as the service reads it. */
export class PostgresTreeStore implements TreeStore {
  readonly #run: RunSql;
  readonly trail: TrailRows;

  constructor(database: Database) {
    this.#run = (tenantId, sql, parameters) => database.read((tx) => tx.query(sql, parameters), { tenantId });
    this.trail = new TrailRows(this.#run);
  }

  async findCheckpoint(tenantId: string, size: number): Promise<TrailCheckpoint | undefined> {
    const sql = `select ${CHECKPOINT_COLUMNS} from checkpoints where tenant_id = $1 and ($2::bigint = 0 or tree_size = $2) order by tree_size desc limit 1`;
    const [row] = await this.#run<CheckpointRow>(tenantId, sql, [tenantId, size]);
    return row && checkpointOf(row);
  }

  async findPlaced(tenantId: string, entryId: string): Promise<PlacedEntry | undefined> {
    const sql = `select ${entryColumns("e")}, l.sequence from entries e left join leaves l on l.tenant_id = e.tenant_id and l.entry_id = e.id
      where e.tenant_id = $1 and e.id = $2`;
    const [row] = await this.#run<EntryRow & { sequence: string | null }>(tenantId, sql, [tenantId, entryId]);
    if (row === undefined) return undefined;
    const sequence = row.sequence === null ? undefined : Number(row.sequence);
    return { entry: entryOf(row, sequence), sequence };
  }

  subtrees(tenantId: string): SubtreeReader {
    return (subtrees) => this.trail.subtrees(tenantId, subtrees);
  }
}
