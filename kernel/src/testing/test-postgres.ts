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
import { TEST_POSTGRES_PORT } from "./test-run.ts";

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
  const name = `test_${randomBytes(6).toString("hex")}`;
  // Roles belong to the server: without the prefix two test files with a module "blog" would share one.
  return openTestDatabase({ adminUrl: await createDatabase(name), rolePrefix: `${name}_` });
}

/** An empty one, or a copy of `template`; answers its URL as superuser. Files are copied as they are: by way of the log it takes three times as long. */
export async function createDatabase(name: string, template = "template1"): Promise<string> {
  const serverUrl = await testServerUrl();
  await asAdmin(serverUrl, (client) => client.query(`create database ${name} template ${template} strategy file_copy`));
  return urlOfDatabase(serverUrl, name);
}

/** Cuts open connections and removes the database of this URL, but no role. */
export async function dropDatabase(adminUrl: string): Promise<void> {
  const name = new URL(adminUrl).pathname.slice(1);
  await asAdmin(urlOfDatabase(adminUrl, "postgres"), (client) => client.query(`drop database if exists ${name} with (force)`));
}

/** The same user's URL of another database on the same server. */
export function urlOfDatabase(url: string, name: string): string {
  return new URL(`/${name}`, url).href;
}

/** One that is there already: for the processes that a test starts on its database. */
export function openTestDatabase({ adminUrl, rolePrefix }: Pick<TestDatabase, "adminUrl" | "rolePrefix">): TestDatabase {
  return {
    adminUrl,
    rolePrefix,
    async provision(module, sources = [], schema) {
      const provisioned = await provisionModule(adminUrl, { module, ...(schema === undefined ? {} : { schema }) }, { rolePrefix });
      if (sources.length > 0) await migrate({ url: provisioned.ownerUrl, schema: provisioned.schema, sources, logger: silentLogger });
      return provisioned;
    },
    async drop() {
      await dropDatabase(adminUrl);
      await asAdmin(urlOfDatabase(adminUrl, "postgres"), async (client) => {
        const { rows } = await client.query<{ rolname: string }>("select rolname from pg_roles where starts_with(rolname, $1)", [
          rolePrefix,
        ]);
        if (rows.length > 0) await client.query(`drop role ${rows.map(({ rolname }) => quoteIdentifier(rolname)).join(", ")}`);
      });
    },
  };
}

/** Asks the run's global setup, which starts the server with the first question; PLINTH_TEST_POSTGRES_URL names another one, as superuser. */
export async function testServerUrl(): Promise<string> {
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

export async function asAdmin<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
