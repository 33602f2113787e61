import { enableTenancySql, type MigrationTransaction } from "@plinth/kernel/database";

export async function up(tx: MigrationTransaction): Promise<void> {
  await tx.query(`
    create table posts (
      id text primary key,
      tenant_id text not null,
      slug text not null,
      title text not null,
      content text not null,
      excerpt text not null,
      tags text[] not null,
      author_id text not null,
      status text not null check (status in ('draft', 'scheduled', 'published', 'archived')),
      scheduled_at timestamptz,
      published_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      revision integer not null,
      constraint posts_slug_key unique (tenant_id, slug)
    );
    create index posts_newest on posts (tenant_id, created_at desc, id desc);
    create index posts_tags on posts using gin (tags);
    create index posts_due on posts (scheduled_at) where status = 'scheduled';

    create table revisions (
      post_id text not null references posts (id) on delete cascade,
      tenant_id text not null,
      revision integer not null,
      title text not null,
      content text not null,
      excerpt text not null,
      tags text[] not null,
      editor_id text not null,
      created_at timestamptz not null,
      primary key (post_id, revision)
    );

    create table comments (
      id text primary key,
      tenant_id text not null,
      post_id text not null references posts (id) on delete cascade,
      author_id text not null,
      content text not null,
      status text not null check (status in ('pending', 'approved', 'rejected')),
      created_at timestamptz not null,
      moderated_by text,
      moderated_at timestamptz
    );
    create index comments_of_post on comments (post_id, status, created_at, id);
  `);
  for (const table of ["posts", "revisions", "comments"]) await tx.query(enableTenancySql(table));
}
