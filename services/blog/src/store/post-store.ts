import { conflict, notFound, type Page, type PageRequest } from "@plinth/kernel/base";
import { ALL_TENANTS, type Database, listEntityPage, onUniqueViolation, type Transaction } from "@plinth/kernel/database";
import type { Post } from "../domain/post.ts";
import type { PostFilter, PostStore, Revision } from "../domain/post-store.ts";
import { PostEntity, RevisionEntity } from "./entities.ts";
import type { PostEvents } from "./post-events.ts";

/** Scheduled posts published in one transaction; the rest is taken in the next round. */
const DUE_BATCH = 100;

/** Posts in Postgres. */
export class PostgresPostStore implements PostStore {
  readonly #database: Database;
  readonly #events: PostEvents;

  constructor(database: Database, events: PostEvents) {
    this.#database = database;
    this.#events = events;
  }

  async insert(post: Post): Promise<void> {
    const work = async (tx: Transaction) => {
      await tx.manager.insert(PostEntity, post);
      await insertRevision(tx, post, post.authorId);
      await this.#events.created(tx, post);
    };
    await this.#database.transaction(work).catch(refuseSlug);
  }

  findPost(id: string): Promise<Post | undefined> {
    return this.#database.read(async (tx) => (await tx.manager.findOneBy(PostEntity, { id })) ?? undefined);
  }

  findBySlug(slug: string): Promise<Post | undefined> {
    return this.#database.read(async (tx) => (await tx.manager.findOneBy(PostEntity, { tenantId: tx.tenantId, slug })) ?? undefined);
  }

  listPosts(filter: PostFilter, page: PageRequest): Promise<Page<Post>> {
    return this.#database.read((tx) => {
      const query = tx.manager.createQueryBuilder(PostEntity, "post").where("post.tenantId = :tenantId", { tenantId: tx.tenantId });
      if (filter.status) query.andWhere("post.status = :status", { status: filter.status });
      if (filter.authorId) query.andWhere("post.authorId = :authorId", { authorId: filter.authorId });
      if (filter.tag) query.andWhere("post.tags @> array[:tag]", { tag: filter.tag });
      const newestFirst = [
        { by: "createdAt", direction: "desc" },
        { by: "id", direction: "desc" },
      ] as const;
      return listEntityPage(query, newestFirst, page);
    });
  }

  change(id: string, act: "updated" | "published" | "archived", editorId: string, decide: (post: Post) => Post): Promise<Post> {
    const work = async (tx: Transaction) => {
      const before = await lockPost(tx, id);
      const after = decide(before);
      await tx.manager.update(PostEntity, { id }, after);
      if (after.revision !== before.revision) await insertRevision(tx, after, editorId);
      await this.#events.changed(tx, after, act);
      return after;
    };
    return this.#database.transaction(work).catch(refuseSlug);
  }

  async remove(id: string): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const post = await lockPost(tx, id);
      await tx.manager.delete(PostEntity, { id });
      await this.#events.deleted(tx, post, new Date());
    });
  }

  listRevisions(postId: string, page: PageRequest): Promise<Page<Revision>> {
    return this.#database.read((tx) => {
      const query = tx.manager.createQueryBuilder(RevisionEntity, "revision").where("revision.postId = :postId", { postId });
      return listEntityPage(query, [{ by: "revision", direction: "desc" }], page);
    });
  }

  async publishDue(now: Date, decide: (post: Post) => Post): Promise<number> {
    const sql = "select id, tenant_id from posts where status = 'scheduled' and scheduled_at <= $1 order by scheduled_at limit $2";
    const find = (tx: Transaction) => tx.query<{ id: string; tenant_id: string }>(sql, [now, DUE_BATCH]);
    const due = await this.#database.read(find, { tenantId: ALL_TENANTS });
    for (const { id, tenant_id: tenantId } of due) {
      const publish = async (tx: Transaction) => {
        const post = await lockPost(tx, id);
        // Somebody may have published, edited or rescheduled it since it was listed.
        if (post.status !== "scheduled" || post.scheduledAt === null || post.scheduledAt > now) return;
        const published = decide(post);
        await tx.manager.update(PostEntity, { id }, published);
        await this.#events.changed(tx, published, "published");
      };
      await this.#database.transaction(publish, { tenantId });
    }
    return due.length;
  }
}

async function lockPost(tx: Transaction, id: string): Promise<Post> {
  const post = await tx.manager.findOne(PostEntity, { where: { id }, lock: { mode: "pessimistic_write" } });
  if (!post) throw notFound(`There is no post ${id}.`, { reason: "POST_NOT_FOUND", metadata: { id } });
  return post;
}

async function insertRevision(tx: Transaction, post: Post, editorId: string): Promise<void> {
  const { id: postId, tenantId, revision, title, content, excerpt, tags, updatedAt: createdAt } = post;
  await tx.manager.insert(RevisionEntity, { postId, tenantId, revision, title, content, excerpt, tags: [...tags], editorId, createdAt });
}

function refuseSlug(error: unknown): never {
  throw onUniqueViolation(error, (constraint) =>
    constraint === "posts_slug_key" ? conflict("Another post has this slug; choose another one.", { reason: "SLUG_TAKEN" }) : undefined,
  );
}
