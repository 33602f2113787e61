import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { Client } from "pg";
import { silentLogger } from "../logging/silent-logger.ts";
import { createTestDatabase, type TestDatabase } from "../testing/test-postgres.ts";
import { migrate, migrationStatus } from "./migrate.ts";
import { loadMigrations, type Migration, type MigrationSource, sqlMigration } from "./migration.ts";
import { type ProvisionedModule, provisionModule } from "./provision-module.ts";

let testDatabase: TestDatabase;
let provisioned: ProvisionedModule;
let modules = 0;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
});

afterAll(() => testDatabase.drop());

beforeEach(async () => {
  provisioned = await testDatabase.provision(`module-${++modules}`);
});

const run = (...sources: MigrationSource[]): Promise<string[]> =>
  migrate({ url: provisioned.ownerUrl, schema: provisioned.schema, sources, logger: silentLogger });

const source = (...migrations: Migration[]): MigrationSource => ({ name: "posts", migrations });

const posts = sqlMigration("0001-posts", "create table posts (id int primary key); create index posts_id on posts (id)");
const tags = sqlMigration("0002-tags", "alter table posts add column tag text");

async function asAdmin(sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: testDatabase.adminUrl, options: `-c search_path=${provisioned.schema}` });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe("migrate", () => {
  test("applies what is new, in order, and nothing twice", async () => {
    expect(await run(source(posts))).toEqual(["posts/0001-posts"]);
    expect(await run(source(posts, tags))).toEqual(["posts/0002-tags"]);
    expect(await run(source(posts, tags))).toEqual([]);
    const status = await migrationStatus({ url: provisioned.ownerUrl, schema: provisioned.schema, sources: [source(posts, tags)] });
    expect(status.map(({ id, appliedAt }) => [id, appliedAt instanceof Date || typeof appliedAt])).toHaveLength(2);
    expect(status.every(({ appliedAt }) => appliedAt !== undefined)).toBe(true);
  });

  test("each source has numbers of its own", async () => {
    const outbox = { name: "plinth-events", migrations: [sqlMigration("0001-outbox", "create table outbox (id int)")] };
    expect(await run(outbox, source(posts))).toEqual(["plinth-events/0001-outbox", "posts/0001-posts"]);
  });

  test("a failed one leaves nothing behind, and those before it stay", async () => {
    const broken = sqlMigration("0002-broken", "create table half (id int); insert into half values ('not a number')");
    await expect(run(source(posts, broken))).rejects.toThrow("Migration posts/0002-broken failed");
    expect(await asAdmin("select to_regclass('half') as half, to_regclass('posts')::text as posts")).toEqual([
      { half: null, posts: "posts" },
    ]);
    expect(await run(source(posts, tags))).toEqual(["posts/0002-tags"]);
  });

  test("refuses an edited one by name, and changes nothing", async () => {
    await run(source(posts));
    const edited = sqlMigration("0001-posts", "create table posts (id bigint primary key)");
    await expect(run(source(edited, tags))).rejects.toThrow("posts/0001-posts was edited after it was applied");
  });

  test("refuses a missing one, and one that slips in before what is applied", async () => {
    await run(source(posts, tags));
    await expect(run(source(tags))).rejects.toThrow("posts/0001-posts was applied to this database, but its file is gone");
    const late = sqlMigration("0001-zebra", "select 1");
    await expect(run(source(posts, late, tags))).rejects.toThrow("posts/0001-zebra comes before 0002-tags");
  });

  test("of several that start at once one applies, and the others wait for it", async () => {
    const slow = sqlMigration("0001-slow", "create table slow (id int primary key); insert into slow values (1); select pg_sleep(0.2)");
    const results = await Promise.all([1, 2, 3, 4].map(() => run(source(slow))));
    expect(results.flat()).toEqual(["posts/0001-slow"]);
  });

  test("an index can be built beside running migrators without locking the table", async () => {
    const concurrently: Migration = {
      ...sqlMigration("0002-tag-index", "create index concurrently if not exists posts_by_id on posts (id desc)"),
      outsideTransaction: true,
    };
    await run(source(posts));
    const results = await Promise.all([1, 2, 3].map(() => run(source(posts, concurrently))));
    expect(results.flat()).toEqual(["posts/0002-tag-index"]);
  });

  test("sees every tenant's rows in protected tables, as data migrations must", async () => {
    const protectedTable = sqlMigration(
      "0001-notes",
      `create table notes (id int, tenant_id text not null); alter table notes enable row level security; alter table notes force row level security;
       create policy tenant on notes using (tenant_id = current_setting('plinth.tenant', true) or current_setting('plinth.tenant', true) = '*');
       insert into notes values (1, 'acme')`,
    );
    let seen: unknown;
    const look: Migration = {
      id: "0002-look",
      checksum: "x",
      async up(tx) {
        seen = await tx.query("select id from notes");
      },
    };
    await run(source(protectedTable, look));
    expect(seen).toEqual([{ id: 1 }]);
  });

  test("a migration can take rights from the service role", async () => {
    const appendOnly: Migration = {
      id: "0001-entries",
      checksum: "x",
      up: async (tx) => void (await tx.query(`create table entries (id int); revoke update, delete on entries from ${tx.serviceRole}`)),
    };
    await run(source(appendOnly));
    const client = new Client({ connectionString: provisioned.url, options: `-c search_path=${provisioned.schema}` });
    await client.connect();
    try {
      await client.query("insert into entries values (1)");
      await expect(client.query("delete from entries")).rejects.toThrow("permission denied");
    } finally {
      await client.end();
    }
  });

  test("refuses what would lock a table in use", async () => {
    await run(source(posts));
    const locking = sqlMigration("0002-index", "create index posts_again on posts (id)");
    await expect(run(source(posts, locking))).rejects.toThrow("CREATE INDEX CONCURRENTLY");
  });
});

describe("migration files", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "plinth-migrations-"));
  });
  const file = (name: string, sql: string): void =>
    writeFileSync(join(folder, name), `export async function up(tx) {\n  await tx.query(${JSON.stringify(sql)});\n}\n`);

  test("are applied once by three processes that start together", async () => {
    file("0001-posts.ts", "create table posts (id int); select pg_sleep(0.1)");
    file("0002-tags.ts", "alter table posts add column tag text");
    const here = dirname(fileURLToPath(import.meta.url));
    const script = `
      const { migrate } = await import(${JSON.stringify(pathToFileURL(join(here, "migrate.ts")).href)});
      const { loadMigrations } = await import(${JSON.stringify(pathToFileURL(join(here, "migration.ts")).href)});
      const { silentLogger } = await import(${JSON.stringify(pathToFileURL(join(here, "../logging/silent-logger.ts")).href)});
      const sources = [await loadMigrations("posts", ${JSON.stringify(folder)})];
      const applied = await migrate({ url: process.env.URL, schema: ${JSON.stringify(provisioned.schema)}, sources, logger: silentLogger });
      console.log(JSON.stringify(applied));`;
    const outputs = await Promise.all(
      [1, 2, 3].map(async () => {
        const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
          stdio: ["ignore", "pipe", "inherit"],
          env: { ...process.env, URL: provisioned.ownerUrl },
        });
        let output = "";
        child.stdout.on("data", (data) => {
          output += data;
        });
        const [code] = await once(child, "close");
        expect(code).toBe(0);
        return JSON.parse(output) as string[];
      }),
    );
    expect(outputs.flat()).toEqual(["posts/0001-posts", "posts/0002-tags"]);
    rmSync(folder, { recursive: true });
  });

  test("must be named well, numbered once, and export up", async () => {
    file("first.ts", "select 1");
    await expect(loadMigrations("posts", folder)).rejects.toThrow("name a migration NNNN-what-it-does.ts");
    rmSync(join(folder, "first.ts"));
    file("0001-a.ts", "select 1");
    file("0001-b.ts", "select 1");
    await expect(loadMigrations("posts", folder)).rejects.toThrow("same number");
    rmSync(join(folder, "0001-b.ts"));
    writeFileSync(join(folder, "0002-c.ts"), "export const down = 1;\n");
    await expect(loadMigrations("posts", folder)).rejects.toThrow("0002-c.ts: export");
    rmSync(folder, { recursive: true });
    expect(await loadMigrations("posts", folder)).toEqual({ name: "posts", migrations: [] });
  });

  test("count line ends as one when it comes to edits", async () => {
    writeFileSync(join(folder, "0001-a.ts"), "export async function up() {}\n");
    const unix = await loadMigrations("posts", folder);
    writeFileSync(join(folder, "0001-a.ts"), "export async function up() {}\r\n");
    const windows = await loadMigrations("posts", folder);
    expect(windows.migrations[0]?.checksum).toBe(unix.migrations[0]?.checksum);
    rmSync(folder, { recursive: true });
  });
});

describe("provisioning", () => {
  test("can be repeated and run at once; kept passwords stay valid, and new ones take over", async () => {
    const options = { rolePrefix: testDatabase.rolePrefix };
    const results = await Promise.all(
      [1, 2, 3, 4].map(() =>
        provisionModule(testDatabase.adminUrl, { module: "shared", ownerPassword: "o", servicePassword: "s" }, options),
      ),
    );
    expect(new Set(results.map(({ url }) => url)).size).toBe(1);
    const fresh = await provisionModule(testDatabase.adminUrl, { module: "shared" }, options);
    const client = new Client({ connectionString: fresh.url });
    await client.connect();
    await client.end();
    const stale = new Client({ connectionString: results[0]?.url });
    await expect(stale.connect()).rejects.toThrow("password authentication failed");
  });

  test("makes the schema under the name that the module gives it", async () => {
    const options = { rolePrefix: testDatabase.rolePrefix };
    const named = await provisionModule(testDatabase.adminUrl, { module: "prices", schema: "price_book" }, options);
    expect(named.schema).toBe("price_book");
    const applied = await migrate({ url: named.ownerUrl, schema: named.schema, sources: [source(posts)], logger: silentLogger });
    expect(applied).toEqual(["posts/0001-posts"]);
  });

  test("works for an administrator who is no superuser, as on a managed Postgres", async () => {
    const admin = `${testDatabase.rolePrefix}admin`;
    const database = new URL(testDatabase.adminUrl).pathname.slice(1);
    await asAdmin(`create role ${admin} login createrole password 'p'; grant create on database ${database} to ${admin}`);
    const url = new URL(testDatabase.adminUrl);
    url.username = admin;
    url.password = "p";
    const module = { module: "managed", ownerPassword: "o" };
    const options = { rolePrefix: testDatabase.rolePrefix };
    await provisionModule(url.href, module, options);
    const managed = await provisionModule(url.href, module, options);
    const applied = await migrate({ url: managed.ownerUrl, schema: managed.schema, sources: [source(posts)], logger: silentLogger });
    expect(applied).toEqual(["posts/0001-posts"]);
  });
});
