import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { EntitySchema } from "typeorm";
import type { Page } from "../base/page.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import { createTestDatabase, type TestDatabase } from "../testing/test-postgres.ts";
import { sqlMigration } from "./migration.ts";
import { type OpenDatabase, openDatabase } from "./open-database.ts";
import { decodePageToken, encodePageToken } from "./page-token.ts";
import { listEntityPage, listPage, type PageOrder } from "./pagination.ts";

interface Post {
  id: string;
  title: string;
  createdAt: Date;
}

const PostEntity = new EntitySchema<Post>({
  name: "post",
  tableName: "posts",
  columns: { id: { type: "bigint", primary: true }, title: { type: "text" }, createdAt: { name: "created_at", type: "timestamptz" } },
});

const COUNT = 25;
/** Ids past 2^53, and moments that differ by less than a millisecond: what JavaScript's own values would blur. */
const posts = {
  name: "posts",
  migrations: [
    sqlMigration(
      "0001-posts",
      `create table posts (id bigint primary key, title text not null, created_at timestamptz not null);
       insert into posts select 9007199254740993 + n, 'post ' || n % 3, timestamptz '2026-01-01' + (n / 2) * interval '1 microsecond'
         from generate_series(1, ${COUNT}) n`,
    ),
  ],
};

let testDatabase: TestDatabase;
let database: OpenDatabase;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const { url, schema } = await testDatabase.provision("blog", [posts]);
  database = await openDatabase({ url, schema, entities: [PostEntity], logger: silentLogger });
});

afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

const sqlPage = (order: readonly PageOrder[], size: number, token: string, title?: string): Promise<Page<{ id: string }>> =>
  database.read((tx) =>
    listPage(tx, {
      sql: title === undefined ? "select id, title, created_at from posts" : "select id, title, created_at from posts where title = $1",
      parameters: title === undefined ? [] : [title],
      order,
      page: { size, token },
    }),
  );

const entityPage = (order: readonly PageOrder[], size: number, token: string, title?: string): Promise<Page<Post>> =>
  database.read((tx) => {
    const builder = tx.manager.createQueryBuilder(PostEntity, "post");
    if (title !== undefined) builder.where("post.title = :title or post.title = :title", { title });
    return listEntityPage(builder, order, { size, token });
  });

async function walk(page: (token: string) => Promise<Page<{ id: string }>>): Promise<string[]> {
  const ids: string[] = [];
  let token = "";
  do {
    const { items, nextPageToken } = await page(token);
    ids.push(...items.map(({ id }) => id));
    token = nextPageToken;
  } while (token !== "");
  return ids;
}

const newest: PageOrder[] = [
  { by: "created_at", direction: "desc" },
  { by: "id", direction: "desc" },
];
const mixed: PageOrder[] = [
  { by: "title", direction: "asc" },
  { by: "id", direction: "desc" },
];
const camel = (order: PageOrder[]): PageOrder[] =>
  order.map(({ by, direction }) => ({ by: by === "created_at" ? "createdAt" : by, direction }));

test.each([
  ["newest first", newest],
  ["mixed directions", mixed],
])("%s: pages of any size show every row once, in order, by SQL and by entity", async (_, order) => {
  const clause = order.map(({ by, direction }) => `${by} ${direction}`).join(", ");
  const all = (await database.read((tx) => tx.query<{ id: string }>(`select id from posts order by ${clause}`))).map(({ id }) => id);
  for (const size of [1, 4, COUNT - 1, COUNT, COUNT + 1]) {
    expect(await walk((token) => sqlPage(order, size, token))).toEqual(all);
    expect(await walk((token) => entityPage(camel(order), size, token))).toEqual(all);
  }
});

test("a filter narrows every page, not just the first", async () => {
  const bySql = await walk((token) => sqlPage(newest, 2, token, "post 1"));
  const byEntity = await walk((token) => entityPage(camel(newest), 2, token, "post 1"));
  expect(bySql).toHaveLength(9);
  expect(byEntity).toEqual(bySql);
});

test("rows added or removed while somebody leafs neither repeat nor hide others", async () => {
  const first = await sqlPage(newest, 5, "");
  await database.transaction((tx) => tx.query("insert into posts values (1, 'new', now())"));
  const second = await sqlPage(newest, 5, first.nextPageToken);
  await database.transaction((tx) => tx.query("delete from posts where id = 1"));
  const undisturbed = (await sqlPage(newest, 10, "")).items.map(({ id }) => id);
  expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(undisturbed);
});

test("rows come without the keys that were only for the token", async () => {
  const { items } = await sqlPage(newest, 1, "");
  expect(Object.keys(items[0] ?? {})).toEqual(["id", "title", "created_at"]);
});

test("a token that was changed, or is of another question, is refused on page_token", async () => {
  const { nextPageToken } = await sqlPage(newest, 5, "");
  const refused = { code: "VALIDATION_ERROR", fieldErrors: { page_token: expect.any(String) } };
  const changed = nextPageToken.slice(0, -1) + (nextPageToken.endsWith("A") ? "B" : "A");
  for (const token of [changed, `${nextPageToken}A`, ` ${nextPageToken}`, nextPageToken.slice(4), "x", "ü", "null"]) {
    await expect(sqlPage(newest, 5, token)).rejects.toMatchObject(refused);
  }
  await expect(sqlPage(mixed, 5, nextPageToken)).rejects.toMatchObject(refused);
  await expect(sqlPage(newest, 5, nextPageToken, "post 1")).rejects.toMatchObject(refused);
  await expect(entityPage(camel(newest), 5, nextPageToken)).rejects.toMatchObject(refused);
});

test("a page size that makes no sense is refused, 0 is the default, too many is the most", async () => {
  for (const size of [-1, 1.5, Number.NaN]) {
    await expect(sqlPage(newest, size, "")).rejects.toMatchObject({ fieldErrors: { page_size: expect.any(String) } });
  }
  expect((await sqlPage(newest, 0, "")).items).toHaveLength(COUNT);
  expect((await sqlPage(newest, 1_000_000, "")).items).toHaveLength(COUNT);
});

test("tokens keep any text", () => {
  const values = ["", "ü", 'a"b', "\u0000", "1".repeat(500)];
  expect(decodePageToken("question", encodePageToken("question", values))).toEqual(values);
});
