import { createHash, randomBytes } from "node:crypto";
import { escapeLiteral } from "pg";
import type { ProvisionedModule } from "../database/provision-module.ts";
import {
  asAdmin,
  createDatabase,
  createTestDatabase,
  dropDatabase,
  openTestDatabase,
  type TestDatabase,
  testServerUrl,
  urlOfDatabase,
} from "./test-postgres.ts";

/** With the roles, schemas and tables of modules. */
export interface FurnishedDatabase extends TestDatabase {
  readonly modules: readonly ProvisionedModule[];
}

type Furnish = (database: TestDatabase) => Promise<readonly ProvisionedModule[]>;

/**
 * A new one, furnished with `what`. To make tables takes longer than anything else that a test file waits for: who asks first makes a template
 * by `furnish`, and everybody gets a copy of it, whose roles are the template's.
 */
export async function createFurnishedDatabase(what: string, furnish: Furnish): Promise<FurnishedDatabase> {
  // A server that is not the run's own would keep the template, and give out tables of yesterday.
  if (process.env.PLINTH_TEST_POSTGRES_URL !== undefined) {
    const database = await createTestDatabase();
    return { ...database, modules: await furnish(database) };
  }
  const template = `template_${createHash("sha256").update(what).digest("hex").slice(0, 16)}`;
  const modules = await findOrMake(template, furnish);
  const name = `test_${randomBytes(6).toString("hex")}`;
  const adminUrl = await createDatabase(name, template);
  return {
    ...openTestDatabase({ adminUrl, rolePrefix: rolePrefixOf(template) }),
    modules: modules.map((module) => ({
      ...module,
      url: urlOfDatabase(module.url, name),
      ownerUrl: urlOfDatabase(module.ownerUrl, name),
    })),
    drop: () => dropDatabase(adminUrl),
  };
}

/** Test files run side by side: who wants a template that is being made waits for it. */
async function findOrMake(template: string, furnish: Furnish): Promise<readonly ProvisionedModule[]> {
  return asAdmin(await testServerUrl(), async (server) => {
    await server.query("select pg_advisory_lock(hashtext($1))", [template]); // Given back with the connection.
    const comment = "select shobj_description(oid, 'pg_database') as modules from pg_database where datname = $1";
    const { rows } = await server.query<{ modules: string | null }>(comment, [template]);
    if (typeof rows[0]?.modules === "string") return JSON.parse(rows[0].modules) as ProvisionedModule[];
    // Without a comment it was left half made.
    await server.query(`drop database if exists ${template}`);
    const modules = await furnish(openTestDatabase({ adminUrl: await createDatabase(template), rolePrefix: rolePrefixOf(template) }));
    await server.query(`comment on database ${template} is ${escapeLiteral(JSON.stringify(modules))}`);
    return modules;
  });
}

const rolePrefixOf = (template: string): string => `${template}_`;
