import { describe, expect, test } from "@jest/globals";
import { migrationLint } from "./migration-lint.ts";
import { splitStatements } from "./split-statements.ts";

const lint = (sql: string) => () => migrationLint()(sql);

describe("on a table that exists already, the lint refuses", () => {
  test.each([
    ["create unique index a on posts (slug)", "index-blocks-writes"],
    ['CREATE INDEX "a" ON "blog"."posts" ("slug")', "index-blocks-writes"],
    ["alter table posts alter column id type bigint", "type-change-rewrites"],
    ["alter table posts add column slug text not null", "required-column"],
    ["alter table posts add token uuid default gen_random_uuid()", "volatile-default-rewrites"],
    ["alter table posts alter slug set not null", "set-not-null-scans"],
    ["alter table posts add constraint c check (id > 0)", "constraint-scans"],
    ["alter table posts add foreign key (author) references authors (id)", "constraint-scans"],
    ["alter table posts add constraint u unique (slug)", "unique-builds-index"],
    ["alter table posts drop column slug", "drop-breaks-running-version"],
    ["drop table posts", "drop-breaks-running-version"],
    ["alter table posts rename column slug to path", "rename-breaks-running-version"],
    ["truncate posts", "long-exclusive-lock"],
    ["update posts set slug = ''; vacuum full posts", "long-exclusive-lock"],
  ])("%s", (sql, rule) => {
    expect(lint(sql)).toThrow(`allow: ${rule}`);
  });
});

describe("the lint lets pass", () => {
  test.each([
    "create table posts (id int primary key, slug text not null unique); create index a on posts (slug); alter table posts add check (id > 0)",
    "create index concurrently a on posts (slug)",
    "alter table posts add column slug text",
    "alter table posts add column slug text not null default ''",
    "alter table posts add constraint c check (id > 0) not valid",
    "alter table posts validate constraint c",
    "alter table posts add constraint u unique using index posts_slug",
    "alter table posts drop constraint c",
    "alter table posts alter column slug drop not null",
    "insert into posts (slug) values ('drop table posts; truncate posts')",
    "create function f() returns void language plpgsql as $$ begin truncate posts; end $$",
    "-- allow: index-blocks-writes, there are never more than a few rows\ncreate index a on posts (slug)",
  ])("%s", (sql) => {
    expect(lint(sql)).not.toThrow();
  });
});

test("an allowance without a reason, or for another statement, does not count", () => {
  expect(lint("-- allow: index-blocks-writes\ncreate index a on posts (slug)")).toThrow();
  expect(lint("-- allow: index-blocks-writes, small\ncreate index a on posts (slug); create index b on posts (id)")).toThrow(
    "create index b",
  );
});

test("transactions are the runner's business", () => {
  expect(lint("begin; select 1; commit")).toThrow("already runs in a transaction");
});

test("statements are split where they end, not inside text, names, comments or function bodies", () => {
  const sql = "select ';' /* ; */ -- ;\n, \"a;b\"; do $x$ begin; $y$ end; $x$;\n;select 'it''s; fine'";
  expect(splitStatements(sql).map(({ words }) => words)).toEqual(["select '' , a;b", "do ''", "select ''"]);
});
