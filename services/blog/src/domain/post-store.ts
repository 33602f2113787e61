import type { Page, PageRequest } from "@plinth/kernel/database";
import type { Post, PostStatus } from "./post.ts";

export type PostEvent = "created" | "updated" | "published" | "deleted";

export interface PostFilter {
  readonly status?: PostStatus | undefined;
  readonly tag?: string | undefined;
  readonly authorId?: string | undefined;
}

/** Each change writes the row, the revision and the event in one transaction. */
export interface PostStore {
  /** Throws CONFLICT, reason SLUG_TAKEN. */
  insert(post: Post): Promise<void>;
  findPost(id: string): Promise<Post | undefined>;
  findBySlug(slug: string): Promise<Post | undefined>;
  listPosts(filter: PostFilter, page: PageRequest): Promise<Page<Post>>;
  /** Applies `decide` to the locked row; throws NOT_FOUND, reason POST_NOT_FOUND. */
  change(id: string, event: PostEvent, decide: (post: Post) => Post): Promise<Post>;
  remove(id: string): Promise<void>;
}
