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

/** Makes the Postgres bus in the database of `adminUrl`, brings it up to date and lets the members use it. Safe to repeat. */
export async function provisionBus(adminUrl: string, bus: BusToProvision): Promise<void> {
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
  const client = new Client({ connectionString: adminUrl, application_name: "plinth-provision" });
  await client.connect();
  try {
    await client.query(`grant ${group} to ${bus.members.map(quoteIdentifier).join(", ")}`);
  } finally {
    await client.end();
  }
}
