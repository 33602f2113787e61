import { setTimeout as delay } from "node:timers/promises";
import { Client, type QueryResult } from "pg";
import type { Logger } from "../logging/logger.ts";
import { ALL_TENANTS } from "./database.ts";
import { databaseErrorCode } from "./database-errors.ts";
import type { Migration, MigrationSource, MigrationTransaction } from "./migration.ts";
import { migrationLint } from "./migration-lint.ts";
import { quoteIdentifier, serviceRoleOf } from "./module-roles.ts";
import { TENANT_SETTING } from "./tenancy.ts";

export interface MigrateOptions {
  /** Connects as the schema's owner. */
  readonly url: string;
  readonly schema: string;
  /** Applied in this order; each has its own numbering. */
  readonly sources: readonly MigrationSource[];
  readonly logger: Logger;
}

export interface MigrationState {
  readonly source: string;
  readonly id: string;
  /** Absent: pending. */
  readonly appliedAt?: Date;
}

interface AppliedMigration {
  readonly source: string;
  readonly id: string;
  readonly checksum: string;
  readonly appliedAt: Date;
}

/** Longer than any migration should take; who waits longer learns who holds the lock. */
const LOCK_WAIT_MS = 120_000;
/** A migration that waits for a lock makes every query behind it wait too: rather fail and be run again. */
const LOCK_TIMEOUT = "10s";

/**
 * Brings the schema up to date and answers the ids it applied. Each migration runs in a transaction of its own
 * together with its entry in `<schema>.migrations`; processes that start together wait for the first.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  return withOwner(options, async (client) => {
    // The common case of a start, without a lock: nothing to do.
    const before = pendingOf(options.sources, await readApplied(client));
    if (before.length === 0) return [];
    await lock(client, options.schema);
    await client.query(`create table if not exists migrations (
      source text not null, id text not null, checksum text not null, applied_at timestamptz not null default now(), primary key (source, id));
      revoke insert, update, delete on migrations from ${quoteIdentifier(serviceRole(options.url))}`);
    const applied: string[] = [];
    for (const { source, migration } of pendingOf(options.sources, await readApplied(client))) {
      const startedAt = performance.now();
      await apply(client, options, source, migration);
      options.logger.info("Migration applied", {
        source,
        migration: migration.id,
        milliseconds: Math.round(performance.now() - startedAt),
      });
      applied.push(`${source}/${migration.id}`);
    }
    return applied;
  });
}

/** Every known migration and when it was applied. */
export async function migrationStatus(options: Omit<MigrateOptions, "logger">): Promise<MigrationState[]> {
  return withOwner(options, async (client) => {
    const applied = new Map((await readApplied(client)).map((entry) => [`${entry.source}/${entry.id}`, entry.appliedAt]));
    return options.sources.flatMap(({ name, migrations }) =>
      migrations.map(({ id }) => {
        const appliedAt = applied.get(`${name}/${id}`);
        return appliedAt === undefined ? { source: name, id } : { source: name, id, appliedAt };
      }),
    );
  });
}

async function withOwner<T>(options: { url: string; schema: string }, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: options.url,
    application_name: `plinth-migrate-${options.schema}`,
    options: `-c search_path=${options.schema} -c ${TENANT_SETTING}=${ALL_TENANTS} -c client_min_messages=warning`,
  });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end(); // Gives back the lock too.
  }
}

/** Asked for again and again instead of waited for: a waiting statement would hold up a CREATE INDEX CONCURRENTLY for ever. */
async function lock(client: Client, schema: string): Promise<void> {
  for (const end = Date.now() + LOCK_WAIT_MS; ; await delay(50)) {
    const { rows } = await client.query<{ locked: boolean }>(
      "select pg_try_advisory_lock(hashtext('plinth.migrate'), hashtext($1)) as locked",
      [schema],
    );
    if (rows[0]?.locked) return;
    if (Date.now() > end) {
      throw new Error(
        `Another process has been migrating schema ${schema} for ${LOCK_WAIT_MS / 1000} s. Look for it in pg_stat_activity, then start again.`,
      );
    }
  }
}

async function readApplied(client: Client): Promise<AppliedMigration[]> {
  try {
    return (
      await client.query<AppliedMigration>('select source, id, checksum, applied_at as "appliedAt" from migrations order by source, id')
    ).rows;
  } catch (error) {
    if (databaseErrorCode(error) === "42P01") return []; // No such table: nothing was ever applied.
    throw error;
  }
}

/** What is left to apply, in order. Refuses when the past was changed: then nobody knows what the schema looks like. */
function pendingOf(sources: readonly MigrationSource[], applied: readonly AppliedMigration[]): { source: string; migration: Migration }[] {
  return sources.flatMap(({ name: source, migrations }) => {
    const byId = new Map(migrations.map((migration) => [migration.id, migration]));
    const done = applied.filter((entry) => entry.source === source);
    for (const entry of done) {
      const migration = byId.get(entry.id);
      if (migration === undefined) {
        throw new Error(
          `Migration ${source}/${entry.id} was applied to this database, but its file is gone. Restore it; undo it by a new migration.`,
        );
      }
      if (migration.checksum !== entry.checksum) {
        throw new Error(
          `Migration ${source}/${entry.id} was edited after it was applied. Restore it as it was, and put the change into a new migration.`,
        );
      }
    }
    const doneIds = new Set(done.map((entry) => entry.id));
    const last = done.at(-1)?.id ?? "";
    return migrations.flatMap((migration) => {
      if (doneIds.has(migration.id)) return [];
      if (migration.id < last) {
        throw new Error(
          `Migration ${source}/${migration.id} comes before ${last}, which is applied already. Give it the next free number.`,
        );
      }
      return [{ source, migration }];
    });
  });
}

async function apply(client: Client, options: MigrateOptions, source: string, migration: Migration): Promise<void> {
  const lint = migrationLint();
  const tx: MigrationTransaction = {
    serviceRole: quoteIdentifier(serviceRole(options.url)),
    async query<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]> {
      lint(sql);
      const result: QueryResult | QueryResult[] = await client.query(sql, parameters as unknown[] | undefined);
      return (Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows) as Row[];
    },
  };
  const record = (): Promise<unknown> =>
    client.query("insert into migrations (source, id, checksum) values ($1, $2, $3)", [source, migration.id, migration.checksum]);
  try {
    if (migration.outsideTransaction) {
      await migration.up(tx);
      await record();
      return;
    }
    await client.query(`begin; set local lock_timeout = '${LOCK_TIMEOUT}'`);
    await migration.up(tx);
    await record();
    await client.query("commit");
  } catch (error) {
    if (!migration.outsideTransaction) await client.query("rollback").catch(() => undefined);
    throw new Error(`Migration ${source}/${migration.id} failed: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

function serviceRole(ownerUrl: string): string {
  return serviceRoleOf(decodeURIComponent(new URL(ownerUrl).username));
}
