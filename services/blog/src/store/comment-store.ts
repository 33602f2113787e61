import { notFound, type Page, type PageRequest } from "@plinth/kernel/base";
import { type Database, listEntityPage, type Transaction } from "@plinth/kernel/database";
import type { Service } from "@plinth/kernel/service";
import type { Comment, CommentStatus } from "../domain/comment.ts";
import type { CommentStore } from "../domain/comment-store.ts";
import { CommentEntity } from "./entities.ts";

const OLDEST_FIRST = [
  { by: "createdAt", direction: "asc" },
  { by: "id", direction: "asc" },
] as const;

/** Comments in Postgres. */
export class PostgresCommentStore implements CommentStore {
  readonly #database: Database;
  readonly #service: Pick<Service<unknown>, "audit">;

  constructor(database: Database, service: Pick<Service<unknown>, "audit">) {
    this.#database = database;
    this.#service = service;
  }

  async insert(comment: Comment): Promise<void> {
    await this.#database.transaction((tx) => tx.manager.insert(CommentEntity, comment));
  }

  listComments(postId: string, status: CommentStatus, page: PageRequest): Promise<Page<Comment>> {
    return this.#database.read((tx) => {
      const query = tx.manager.createQueryBuilder(CommentEntity, "comment").where("comment.postId = :postId", { postId });
      return listEntityPage(query.andWhere("comment.status = :status", { status }), OLDEST_FIRST, page);
    });
  }

  change(id: string, decide: (comment: Comment) => Comment): Promise<Comment> {
    return this.#database.transaction(async (tx: Transaction) => {
      const comment = await tx.manager.findOne(CommentEntity, { where: { id }, lock: { mode: "pessimistic_write" } });
      if (!comment) throw notFound(`There is no comment ${id}.`, { reason: "COMMENT_NOT_FOUND", metadata: { id } });
      const changed = decide(comment);
      await tx.manager.update(CommentEntity, { id }, changed);
      await this.#service.audit(tx, { action: `comment.${changed.status}`, resource: "comment", resourceId: id, outcome: "success" });
      return changed;
    });
  }
}
