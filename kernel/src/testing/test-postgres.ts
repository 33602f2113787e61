import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { Client } from "pg";
import { migrate } from "../database/migrate.ts";
import type { MigrationSource } from "../database/migration.ts";
import { quoteIdentifier } from "../database/module-roles.ts";
import { type ProvisionedModule, provisionModule } from "../database/provision-module.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import { TEST_POSTGRES_PORT } from "./jest-global-setup.ts";

/** A database of a test file's own on the run's Postgres server. */
export interface TestDatabase {
  /** As superuser. */
  readonly adminUrl: string;
  /**
   * Schema and roles for a module, brought up to date by `sources`. The schema has the module's name unless another is given; the roles' names
   * begin with `rolePrefix`.
   */
  provision(module: string, sources?: readonly MigrationSource[], schema?: string): Promise<ProvisionedModule>;
  readonly rolePrefix: string;
  /** Cuts open connections and removes the database and its roles. */
  drop(): Promise<void>;
}

export async function createTestDatabase(): Promise<TestDatabase> {
  const serverUrl = await testServerUrl();
  const name = `test_${randomBytes(6).toString("hex")}`;
  await asAdmin(serverUrl, (client) => client.query(`create database ${name}`));
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const adminUrl = url.href;
  // Roles belong to the server: without the prefix two test files with a module "blog" would share one.
  return openTestDatabase({ adminUrl, rolePrefix: `${name}_` });
}

/** One that is there already: for the processes that a test starts on its database. */
export function openTestDatabase({ adminUrl, rolePrefix }: Pick<TestDatabase, "adminUrl" | "rolePrefix">): TestDatabase {
  const name = new URL(adminUrl).pathname.slice(1);
  const serverUrl = new URL("/postgres", adminUrl).href;
  return {
    adminUrl,
    rolePrefix,
    async provision(module, sources = [], schema) {
      const provisioned = await provisionModule(adminUrl, { module, ...(schema === undefined ? {} : { schema }) }, { rolePrefix });
      if (sources.length > 0) await migrate({ url: provisioned.ownerUrl, schema: provisioned.schema, sources, logger: silentLogger });
      return provisioned;
    },
    async drop() {
      await asAdmin(serverUrl, async (client) => {
        await client.query(`drop database if exists ${name} with (force)`);
        const { rows } = await client.query<{ rolname: string }>("select rolname from pg_roles where starts_with(rolname, $1)", [
          rolePrefix,
        ]);
        if (rows.length > 0) await client.query(`drop role ${rows.map(({ rolname }) => quoteIdentifier(rolname)).join(", ")}`);
      });
    },
  };
}

/** Asks the run's global setup, which starts the server with the first question; PLINTH_TEST_POSTGRES_URL names another one, as superuser. */
async function testServerUrl(): Promise<string> {
  const own = process.env.PLINTH_TEST_POSTGRES_URL;
  if (own !== undefined) return own;
  const port = process.env[TEST_POSTGRES_PORT];
  if (port === undefined) throw new Error("No test Postgres: run through Jest with the root jest.config.js.");
  const socket = connect(Number(port), "127.0.0.1");
  await once(socket, "connect");
  const { adminUrl, failure } = JSON.parse(await text(socket)) as { adminUrl?: string; failure?: string };
  if (adminUrl === undefined) throw new Error(`The test Postgres did not start: ${failure}`);
  return adminUrl;
}

async function asAdmin<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
