import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { moduleRoles, provisionModule } from "@plinth/kernel/database";
import { silentLogger } from "@plinth/kernel/logging";
import { createTestDatabase, type TestDatabase } from "@plinth/kernel/testing";
import { Client } from "pg";
import { dropInCluster } from "./drop.ts";
import { type PodFolders, podFolders } from "./pod-files.ts";
import { provisionInCluster } from "./provision.ts";

let database: TestDatabase;
let admin: Client;
let root: string;

beforeAll(async () => {
  database = await createTestDatabase();
  admin = new Client({ connectionString: database.adminUrl });
  await admin.connect();
  root = mkdtempSync(join(tmpdir(), "plinth-drop-"));
});
afterAll(async () => {
  await admin.end();
  await database.drop();
  rmSync(root, { recursive: true, force: true });
});

beforeEach(async () => {
  await provisionInCluster("blog", mounted("blog"), silentLogger);
  await provisionInCluster("shop-cart", mounted("shop-cart"), silentLogger, "cart");
});

/** What the operator mounts for a module; `as` tells the administrator. */
function mounted(module: string, as = database.adminUrl): PodFolders {
  const { owner, service } = moduleRoles(module, database.rolePrefix);
  const folders = podFolders(join(root, module));
  write(folders.administrator, as);
  write(folders.database, urlAs(service));
  write(folders.owner, urlAs(owner));
  return folders;
}

function write(folder: string, url: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "url"), url);
}

function urlAs(user: string, password = "pass"): string {
  const url = new URL(database.adminUrl);
  url.username = user;
  url.password = password;
  return url.href;
}

async function names(sql: string): Promise<string[]> {
  const { rows } = await admin.query<{ name: string }>(sql);
  return rows.map(({ name }) => name);
}

const schemas = (): Promise<string[]> =>
  names("select nspname as name from pg_namespace where nspname !~ '^pg_' and nspname not in ('public', 'information_schema') order by 1");
const roles = async (): Promise<string[]> =>
  (await names(`select rolname as name from pg_roles where starts_with(rolname, '${database.rolePrefix}') order by 1`)).map((name) =>
    name.slice(database.rolePrefix.length),
  );

async function joinGroup(group: string): Promise<void> {
  await admin.query("select plinth_bus.declare_topic('blog.post', 1, null)");
  await admin.query("insert into plinth_bus.groups (name) values ($1) on conflict do nothing", [group]);
  await admin.query(
    `insert into plinth_bus.positions (group_id, partition_id, position)
     select g.id, p.id, 7 from plinth_bus.groups g, plinth_bus.partitions p where g.name = $1 on conflict do nothing`,
    [group],
  );
}

test("a module's schema, its jobs, its roles and its place on the bus go, and nothing of anybody else", async () => {
  const owner = new Client({ connectionString: urlAs(`${database.rolePrefix}shop_cart_owner`) });
  await admin.query(`alter role ${database.rolePrefix}shop_cart_owner password 'pass'`);
  await owner.connect();
  await owner.query("create table cart.lines (id int primary key); insert into cart.lines values (1)");
  await owner.query("create table cart_jobs.queue (id int)");
  await owner.end();
  await joinGroup("blog");
  await joinGroup("shop-cart");
  await dropInCluster("shop-cart", mounted("shop-cart"), silentLogger, "cart");
  expect(await schemas()).toEqual(["blog", "blog_jobs", "plinth_bus", "plinth_bus_jobs"]);
  expect(await roles()).toEqual(["blog", "blog_owner", "plinth_bus", "plinth_bus_owner"]);
  expect(await names("select name from plinth_bus.groups")).toEqual(["blog"]);
  expect(await names("select position::text as name from plinth_bus.positions")).toEqual(["7"]);
  expect(await names("select topic as name from plinth_bus.topics")).toEqual(["blog.post"]);
});

test("what is gone already is no failure", async () => {
  await dropInCluster("blog", mounted("blog"), silentLogger);
  await dropInCluster("blog", mounted("blog"), silentLogger);
  await dropInCluster("never-there", mounted("never-there"), silentLogger);
  expect(await roles()).toEqual(expect.arrayContaining(["shop_cart", "shop_cart_owner"]));
});

test("replicas that still hold a connection lose it, in the middle of a transaction too", async () => {
  await admin.query(`alter role ${database.rolePrefix}blog password 'pass'`);
  const service = new Client({ connectionString: urlAs(`${database.rolePrefix}blog`) });
  const errors: string[] = [];
  service.on("error", ({ message }) => errors.push(message));
  const ended = new Promise<void>((resolve) => service.once("end", resolve));
  await service.connect();
  await service.query("begin; create temporary table draft (id int); insert into draft values (1)");
  await dropInCluster("blog", mounted("blog"), silentLogger);
  await ended;
  expect(errors[0]).toContain("terminating connection");
  expect(await schemas()).not.toContain("blog");
});

test("the schema of another module is refused, and nothing is dropped", async () => {
  const before = { schemas: await schemas(), roles: await roles() };
  await expect(dropInCluster("blog", mounted("blog"), silentLogger, "cart")).rejects.toThrow("The schema cart belongs to");
  await expect(dropInCluster("blog", mounted("blog"), silentLogger, "public")).rejects.toThrow("The schema public belongs to");
  expect({ schemas: await schemas(), roles: await roles() }).toEqual(before);
});

test("the record and the bus are refused before anything is looked at", async () => {
  const nowhere = podFolders(join(root, "nowhere"));
  await expect(dropInCluster("audit", nowhere, silentLogger)).rejects.toThrow("never dropped: set its deletionPolicy to Retain");
  await expect(dropInCluster("plinth-bus", nowhere, silentLogger)).rejects.toThrow("never dropped");
});

test("what somebody else has hung on the schema stops it", async () => {
  await admin.query("create table blog.posts (id int primary key); create view public.all_posts as select id from blog.posts");
  await expect(dropInCluster("blog", mounted("blog"), silentLogger)).rejects.toThrow("Something outside the schema of module blog");
  expect(await names("select viewname as name from pg_views where schemaname = 'public'")).toEqual(["all_posts"]);
  await admin.query("drop view public.all_posts");
  await dropInCluster("blog", mounted("blog"), silentLogger);
});

test("what its roles made elsewhere becomes the administrator's", async () => {
  await admin.query(`create table public.export (id int); alter table public.export owner to ${database.rolePrefix}blog_owner`);
  await dropInCluster("blog", mounted("blog"), silentLogger);
  expect(await names("select tableowner as name from pg_tables where tablename = 'export'")).toEqual(["postgres"]);
});

test("an administrator of a managed Postgres can do it", async () => {
  const name = `${database.rolePrefix}managed`;
  await dropInCluster("blog", mounted("blog"), silentLogger);
  await admin.query(`create role ${name} login createrole password 'pass'`);
  await admin.query(`do $$ begin execute format('grant create on database %I to ${name}', current_database()); end $$`);
  const as = urlAs(name);
  // The bus is there already, and another's; a module of its own it makes and drops.
  await provisionModule(as, { module: "notes" }, { rolePrefix: database.rolePrefix });
  await admin.query(`grant ${database.rolePrefix}plinth_bus_owner to ${name}`);
  await dropInCluster("notes", mounted("notes", as), silentLogger);
  expect(await schemas()).not.toContain("notes");
  expect(await roles()).not.toContain("notes");
});
