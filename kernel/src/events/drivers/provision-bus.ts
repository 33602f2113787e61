import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { migrate } from "../../database/migrate.ts";
import { quoteIdentifier } from "../../database/module-roles.ts";
import { type ProvisionOptions, provisionModule } from "../../database/provision-module.ts";
import type { Logger } from "../../logging/logger.ts";
import { busMigrations } from "./postgres-bus-tables.ts";

/** Under this name the bus has its schema and roles, like a module. */
export const BUS_MODULE = "plinth-bus";

export interface BusToProvision extends ProvisionOptions {
  /** The service roles of the modules that use the bus: the user names of their URLs. */
  readonly members: readonly string[];
  /** Kept passwords; new ones where absent. Nobody logs in with them but this function. */
  readonly ownerPassword?: string;
  readonly servicePassword?: string;
  readonly logger: Logger;
}

/** Any constant does; it must only differ from other uses of advisory locks in this database. */
const PROVISION_BUS_LOCK = 7_310_014;
const LOCK_WAIT_MS = 60_000;

/**
 * Makes the Postgres bus in the database of `adminUrl`, brings it up to date and lets the members use it. Safe to repeat, and to run from several
 * processes at once: each makes new passwords, so they do it one after another.
 */
export async function provisionBus(adminUrl: string, bus: BusToProvision): Promise<void> {
  const client = new Client({ connectionString: adminUrl, application_name: "plinth-provision" });
  await client.connect();
  try {
    await lock(client);
    await provision(client, adminUrl, bus);
  } finally {
    await client.end(); // Gives back the lock too.
  }
}

/** Asked for again and again instead of waited for: a waiting statement would hold up a CREATE INDEX CONCURRENTLY for ever. */
async function lock(client: Client): Promise<void> {
  for (const end = Date.now() + LOCK_WAIT_MS; ; await delay(50)) {
    const { rows } = await client.query<{ locked: boolean }>("select pg_try_advisory_lock($1) as locked", [PROVISION_BUS_LOCK]);
    if (rows[0]?.locked) return;
    if (Date.now() > end)
      throw new Error(`Another process has been making the bus for ${LOCK_WAIT_MS / 1000} s. Look for it in pg_stat_activity.`);
  }
}

async function provision(client: Client, adminUrl: string, bus: BusToProvision): Promise<void> {
  const { ownerUrl, schema, url } = await provisionModule(
    adminUrl,
    {
      module: BUS_MODULE,
      ...(bus.ownerPassword !== undefined && { ownerPassword: bus.ownerPassword }),
      ...(bus.servicePassword !== undefined && { servicePassword: bus.servicePassword }),
    },
    bus.rolePrefix === undefined ? {} : { rolePrefix: bus.rolePrefix },
  );
  await migrate({ url: ownerUrl, schema, sources: [busMigrations], logger: bus.logger });
  if (bus.members.length === 0) return;
  const group = quoteIdentifier(decodeURIComponent(new URL(url).username));
  await client.query(`grant ${group} to ${bus.members.map(quoteIdentifier).join(", ")}`);
}
