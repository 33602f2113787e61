import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** What a migration works with: a transaction of the schema's owner, with the schema first in the search path. */
export interface MigrationTransaction {
  /** One or several statements; with parameters, one. Checked by the lint before it is sent. */
  query<Row = Record<string, unknown>>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Quoted, for grants and revokes beyond the default of reading and writing rows. */
  readonly serviceRole: string;
}

/** One step forward. Never edited once released: a new one is added instead. */
export interface Migration {
  /** `0001-posts`: a number that orders it within its source, and a name. */
  readonly id: string;
  /** Of what was reviewed: the file's text or the SQL. */
  readonly checksum: string;
  /** For the few statements Postgres refuses inside one (CREATE INDEX CONCURRENTLY). Must be safe to repeat. */
  readonly outsideTransaction?: boolean;
  up(tx: MigrationTransaction): Promise<void>;
}

/** Migrations numbered together: those of a module, or those of one capability of the kernel. */
export interface MigrationSource {
  readonly name: string;
  readonly migrations: readonly Migration[];
}

/** What a migration file exports. */
interface MigrationFile {
  up?: (tx: MigrationTransaction) => Promise<void>;
  outsideTransaction?: boolean;
}

const FILE_NAME = /^\d{4}-[a-z0-9-]+\.ts$/;

/** A migration of plain SQL, for tables that belong to the kernel. */
export function sqlMigration(id: string, sql: string): Migration {
  return {
    id,
    checksum: checksumOf(sql),
    async up(tx) {
      await tx.query(sql);
    },
  };
}

/**
 * Reads a module's migrations: files `NNNN-name.ts` that export `async function up(tx)`, and where needed
 * `outsideTransaction = true`.
 */
export async function loadMigrations(source: string, folder: string): Promise<MigrationSource> {
  const names = (await readdir(folder).catch(noFolder)).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts")).sort();
  const migrations: Migration[] = [];
  for (const name of names) {
    const file = join(folder, name);
    if (!FILE_NAME.test(name)) throw new Error(`${file}: name a migration NNNN-what-it-does.ts, such as 0002-post-tags.ts.`);
    const text = await readFile(file, "utf8");
    const { up, outsideTransaction } = (await import(pathToFileURL(file).href)) as MigrationFile;
    if (typeof up !== "function") throw new Error(`${file}: export "async function up(tx: MigrationTransaction)".`);
    migrations.push({ id: name.slice(0, -".ts".length), checksum: checksumOf(text), outsideTransaction: outsideTransaction === true, up });
  }
  for (const [index, migration] of migrations.entries()) {
    const before = migrations[index - 1];
    if (before?.id.slice(0, 4) === migration.id.slice(0, 4)) {
      throw new Error(`${join(folder, `${migration.id}.ts`)}: ${before.id}.ts has the same number. Give this one the next free number.`);
    }
  }
  return { name: source, migrations };
}

/** Line ends count as one, since a checkout may change them. */
function checksumOf(text: string): string {
  return createHash("sha256").update(text.replaceAll("\r\n", "\n")).digest("hex");
}

function noFolder(error: unknown): string[] {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
  throw error;
}
