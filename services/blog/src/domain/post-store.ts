import type { Page, PageRequest } from "@plinth/kernel/base";
import type { Post, PostStatus } from "./post.ts";

export interface PostFilter {
  readonly status?: PostStatus | undefined;
  readonly tag?: string | undefined;
  readonly authorId?: string | undefined;
}

/** The text of a post as it once was. */
export interface Revision {
  readonly postId: string;
  readonly revision: number;
  readonly title: string;
  readonly content: string;
  readonly excerpt: string;
  readonly tags: readonly string[];
  readonly editorId: string;
  readonly createdAt: Date;
}

/** Each change writes the row, its revision, the event and the audit entry in one transaction. */
export interface PostStore {
  /** Throws CONFLICT, reason SLUG_TAKEN. */
  insert(post: Post): Promise<void>;
  findPost(id: string): Promise<Post | undefined>;
  findBySlug(slug: string): Promise<Post | undefined>;
  /** Newest first. */
  listPosts(filter: PostFilter, page: PageRequest): Promise<Page<Post>>;
  /** Applies `decide` to the locked row. Throws NOT_FOUND, reason POST_NOT_FOUND; CONFLICT, reason SLUG_TAKEN. */
  change(id: string, act: "updated" | "published" | "archived", editorId: string, decide: (post: Post) => Post): Promise<Post>;
  remove(id: string): Promise<void>;
  /** Latest first. */
  listRevisions(postId: string, page: PageRequest): Promise<Page<Revision>>;
  /** Publishes what is due, in every tenant; answers how many. */
  publishDue(now: Date, decide: (post: Post) => Post): Promise<number>;
}
