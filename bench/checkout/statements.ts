import { join } from "node:path";
import { startEmbeddedPostgres } from "@plinth/kernel/embedded";
import { Client } from "pg";

/** What Postgres has counted since its start. */
export interface Counts {
  /** Statements that clients have sent, `begin` and `commit` among them, by the role that sent them. */
  readonly statements: ReadonlyMap<string, number>;
  readonly deadlocks: number;
}

/** A new Postgres in `<dataFolder>/postgres`, with our settings, that counts statements from its next start on. */
export async function makeCountingPostgres(dataFolder: string): Promise<void> {
  const postgres = await startEmbeddedPostgres({ dataFolder: join(dataFolder, "postgres") });
  try {
    const client = await connect(postgres.adminUrl);
    await client.query("alter system set shared_preload_libraries = 'pg_stat_statements'");
    await client.end();
  } finally {
    await postgres.stop();
  }
}

export async function takeCounts(adminUrl: string): Promise<Counts> {
  const client = await connect(adminUrl);
  try {
    await client.query("create extension if not exists pg_stat_statements");
    // Past its limit it forgets the rarest, and the sum would be too small.
    const { rows: lost } = await client.query<{ dealloc: string }>("select dealloc from pg_stat_statements_info");
    if (lost[0]?.dealloc !== "0") throw new Error("pg_stat_statements has forgotten statements: raise pg_stat_statements.max.");
    const { rows } = await client.query<{ role: string; calls: string }>(
      `select r.rolname as role, sum(s.calls) as calls from pg_stat_statements s join pg_roles r on r.oid = s.userid group by 1`,
    );
    const { rows: sums } = await client.query<{ deadlocks: string }>("select sum(deadlocks) as deadlocks from pg_stat_database");
    return { statements: new Map(rows.map(({ role, calls }) => [role, Number(calls)])), deadlocks: Number(sums[0]?.deadlocks) };
  } finally {
    await client.end();
  }
}

async function connect(adminUrl: string): Promise<Client> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  return client;
}
