import type { Page, PageRequest } from "@plinth/kernel/base";
import type { Comment, CommentStatus } from "./comment.ts";

export interface CommentStore {
  insert(comment: Comment): Promise<void>;
  /** Oldest first, as a conversation reads. */
  listComments(postId: string, status: CommentStatus, page: PageRequest): Promise<Page<Comment>>;
  /** Applies `decide` to the locked row. Throws NOT_FOUND, reason COMMENT_NOT_FOUND. */
  change(id: string, decide: (comment: Comment) => Comment): Promise<Comment>;
}
