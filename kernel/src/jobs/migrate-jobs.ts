import { runMigrations } from "graphile-worker";
import { Client, escapeLiteral } from "pg";
import { quoteIdentifier, serviceRoleOf } from "../database/module-roles.ts";
import type { Logger } from "../logging/logger.ts";
import { workerLogger } from "./worker-logger.ts";

/** The schema beside a module's own that holds its jobs. */
export function jobsSchema(schema: string): string {
  return `${schema}_jobs`;
}

/**
 * Brings the tables of the job queue up to date, in the owner's name, and lets the service role work with them.
 * Needed once before `Jobs.start` and before the first `enqueue`.
 */
export async function migrateJobs(options: { url: string; schema: string; logger: Logger }): Promise<void> {
  const name = jobsSchema(options.schema);
  const client = new Client({ connectionString: options.url });
  await client.connect();
  try {
    const schema = quoteIdentifier(name);
    const service = quoteIdentifier(serviceRoleOf(decodeURIComponent(new URL(options.url).username)));
    // Where this table is missing the library would make the schema too, and has no right to.
    await client.query(`select pg_advisory_lock(hashtext('plinth.migrate'), hashtext(${escapeLiteral(name)}));
      create table if not exists ${schema}.migrations (
        id int primary key, ts timestamptz not null default now(), breaking boolean not null default false)`);
    await runMigrations({ connectionString: options.url, schema: name, maxPoolSize: 1, logger: workerLogger(options.logger) });
    // The library turns on row-level security without a policy, which hides its rows from all but their owner.
    await client.query(`do $plinth$ declare hidden record; begin
      for hidden in select c.relname from pg_class c where c.relnamespace = ${escapeLiteral(schema)}::regnamespace and c.relrowsecurity
          and not exists (select from pg_policy p where p.polrelid = c.oid) loop
        execute format('create policy service on ${schema}.%I to ${service} using (true) with check (true)', hidden.relname);
      end loop;
    end $plinth$`);
  } finally {
    await client.end(); // Gives back the lock too.
  }
}
