import { ALL_TENANTS, type Database, listPage, type Transaction } from "@plinth/kernel/database";
import type { Entry, NewEntry } from "../domain/entry.ts";
import { type EntryFilter, type EntryPage, type EntryPageRequest, MAX_TOTAL, type RecordStore } from "../domain/record-store.ts";
import { filterSql } from "./entry-filter-sql.ts";
import { asRfc3339, type EntryRow, entryColumns, entryOf } from "./entry-row.ts";
import { insertEntries } from "./insert-entries.ts";

type ListedRow = EntryRow & Record<string, unknown>;

/** Entries read at once by an export. */
const SCAN_BATCH = 1_000;
const NEWEST_FIRST = [
  { by: "occurred_at", direction: "desc" },
  { by: "id", direction: "desc" },
] as const;

/** The record in Postgres. */
export class PostgresRecordStore implements RecordStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async record(entries: readonly NewEntry[]): Promise<void> {
    await this.#database.transaction((tx) => insertEntries(tx, entries), { tenantId: ALL_TENANTS });
  }

  query(tenantId: string, filter: EntryFilter, { limit, offset, token }: EntryPageRequest): Promise<EntryPage> {
    const { where, parameters } = filterSql(tenantId, filter);
    const work = async (tx: Transaction): Promise<EntryPage> => {
      const [count] = await tx.query<{ total: number }>(
        `select count(*)::int as total from (select 1 from entries e where ${where} limit ${MAX_TOTAL}) counted`,
        parameters,
      );
      const columns = `${entryColumns("e")}, e.occurred_at`;
      let page: { items: readonly ListedRow[]; nextPageToken: string };
      if (offset === 0) {
        const sql = `select ${columns} from entries e where ${where}`;
        page = await listPage<ListedRow>(tx, { sql, parameters, order: NEWEST_FIRST, page: { size: limit, token } });
      } else {
        const sql = `select ${columns} from entries e where ${where} order by e.occurred_at desc, e.id desc limit $${parameters.length + 1} offset $${parameters.length + 2}`;
        page = { items: await tx.query<ListedRow>(sql, [...parameters, limit === 0 ? DEFAULT_LIMIT : limit, offset]), nextPageToken: "" };
      }
      const sequences = await sequencesOf(tx, tenantId, page.items);
      return {
        items: page.items.map((row) => entryOf(row, sequences.get(row.id))),
        nextPageToken: page.nextPageToken,
        total: count?.total ?? 0,
      };
    };
    return this.#database.read(work, { tenantId });
  }

  async *scan(tenantId: string, filter: EntryFilter): AsyncGenerator<readonly Entry[]> {
    const { where, parameters } = filterSql(tenantId, filter);
    const bound = `$${parameters.length + 1}::timestamptz`;
    const last = `($${parameters.length + 2}::timestamptz, $${parameters.length + 3})`;
    const sql = `select ${entryColumns("e")}, l.sequence from entries e left join leaves l on l.tenant_id = e.tenant_id and l.entry_id = e.id
      where ${where} and e.occurred_at <= ${bound} and (e.occurred_at, e.id) > ${last} order by e.occurred_at, e.id limit ${SCAN_BATCH}`;
    // What arrives meanwhile is left out, or an export of a busy record would have no end.
    const [clock] = await this.#database.read((tx) => tx.query<{ now: string }>(`select ${asRfc3339("now()")} as now`), { tenantId });
    let after = ["-infinity", ""];
    for (;;) {
      const rows = await this.#database.read(
        (tx) => tx.query<EntryRow & { sequence: string | null }>(sql, [...parameters, clock?.now, ...after]),
        { tenantId },
      );
      const newest = rows.at(-1);
      if (newest === undefined) return;
      yield rows.map((row) => entryOf(row, row.sequence === null ? undefined : Number(row.sequence)));
      if (rows.length < SCAN_BATCH) return;
      after = [newest.occurred, newest.id];
    }
  }
}

const DEFAULT_LIMIT = 50;

async function sequencesOf(tx: Transaction, tenantId: string, entries: readonly { id: string }[]): Promise<ReadonlyMap<string, number>> {
  if (entries.length === 0) return new Map();
  const rows = await tx.query<{ entry_id: string; sequence: string }>(
    "select entry_id, sequence from leaves where tenant_id = $1 and entry_id = any($2)",
    [tenantId, entries.map(({ id }) => id)],
  );
  return new Map(rows.map(({ entry_id, sequence }) => [entry_id, Number(sequence)]));
}
