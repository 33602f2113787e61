import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Transaction } from "@plinth/kernel/database";
import type { Service } from "@plinth/kernel/service";
import { PostCreatedSchema, PostDeletedSchema, PostPublishedSchema, PostUpdatedSchema } from "@plinth/proto/blog/v1/events_pb";
import type { Post } from "../domain/post.ts";
import { POST_STATUS } from "../messages/post-status.ts";

/** Says what happened to a post, to other modules and to the audit trail, in the transaction in which it happens. */
export class PostEvents {
  readonly #service: Pick<Service<unknown>, "publish" | "audit">;

  constructor(service: Pick<Service<unknown>, "publish" | "audit">) {
    this.#service = service;
  }

  async created(tx: Transaction, post: Post): Promise<void> {
    const { id: postId, slug, title, authorId } = post;
    await this.#service.publish(tx, PostCreatedSchema, { postId, slug, title, authorId, createdAt: timestampFromDate(post.createdAt) });
    await this.#audit(tx, "post.created", post);
  }

  async changed(tx: Transaction, post: Post, act: "updated" | "published" | "archived"): Promise<void> {
    await (act === "published" ? this.#published(tx, post) : this.#updated(tx, post));
    await this.#audit(tx, `post.${act}`, post);
  }

  async deleted(tx: Transaction, post: Post, at: Date): Promise<void> {
    const { id: postId, slug, authorId } = post;
    await this.#service.publish(tx, PostDeletedSchema, { postId, slug, authorId, deletedAt: timestampFromDate(at) });
    await this.#audit(tx, "post.deleted", post);
  }

  #published(tx: Transaction, post: Post): Promise<void> {
    const { id: postId, slug, title, authorId, tags, publishedAt, updatedAt } = post;
    const published = timestampFromDate(publishedAt ?? updatedAt);
    return this.#service.publish(tx, PostPublishedSchema, { postId, slug, title, authorId, tags: [...tags], publishedAt: published });
  }

  #updated(tx: Transaction, post: Post): Promise<void> {
    const { id: postId, slug, title, authorId, revision } = post;
    const updatedAt = timestampFromDate(post.updatedAt);
    return this.#service.publish(tx, PostUpdatedSchema, {
      postId,
      slug,
      title,
      authorId,
      status: POST_STATUS[post.status],
      revision,
      updatedAt,
    });
  }

  #audit(tx: Transaction, action: string, post: Post): Promise<void> {
    return this.#service.audit(tx, { action, resource: "post", resourceId: post.id, outcome: "success", metadata: { slug: post.slug } });
  }
}
