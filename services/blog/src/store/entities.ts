import { EntitySchema } from "typeorm";
import type { Comment } from "../domain/comment.ts";
import type { Post } from "../domain/post.ts";
import type { Revision } from "../domain/post-store.ts";

export const PostEntity = new EntitySchema<Post>({
  name: "Post",
  tableName: "posts",
  columns: {
    id: { type: "text", primary: true },
    tenantId: { type: "text", name: "tenant_id" },
    slug: { type: "text" },
    title: { type: "text" },
    content: { type: "text" },
    excerpt: { type: "text" },
    tags: { type: "text", array: true },
    authorId: { type: "text", name: "author_id" },
    status: { type: "text" },
    scheduledAt: { type: "timestamptz", name: "scheduled_at", nullable: true },
    publishedAt: { type: "timestamptz", name: "published_at", nullable: true },
    createdAt: { type: "timestamptz", name: "created_at" },
    updatedAt: { type: "timestamptz", name: "updated_at" },
    revision: { type: "integer" },
  },
});

/** A revision's row: the tenant is the post's. */
export const RevisionEntity = new EntitySchema<Revision & { readonly tenantId: string }>({
  name: "Revision",
  tableName: "revisions",
  columns: {
    postId: { type: "text", name: "post_id", primary: true },
    revision: { type: "integer", primary: true },
    tenantId: { type: "text", name: "tenant_id" },
    title: { type: "text" },
    content: { type: "text" },
    excerpt: { type: "text" },
    tags: { type: "text", array: true },
    editorId: { type: "text", name: "editor_id" },
    createdAt: { type: "timestamptz", name: "created_at" },
  },
});

export const CommentEntity = new EntitySchema<Comment>({
  name: "Comment",
  tableName: "comments",
  columns: {
    id: { type: "text", primary: true },
    tenantId: { type: "text", name: "tenant_id" },
    postId: { type: "text", name: "post_id" },
    authorId: { type: "text", name: "author_id" },
    content: { type: "text" },
    status: { type: "text" },
    createdAt: { type: "timestamptz", name: "created_at" },
    moderatedBy: { type: "text", name: "moderated_by", nullable: true },
    moderatedAt: { type: "timestamptz", name: "moderated_at", nullable: true },
  },
});
