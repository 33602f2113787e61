import { conflict } from "@plinth/kernel/base";

export type CommentStatus = "pending" | "approved" | "rejected";

export interface Comment {
  readonly id: string;
  readonly tenantId: string;
  readonly postId: string;
  readonly authorId: string;
  readonly content: string;
  readonly status: CommentStatus;
  readonly createdAt: Date;
  readonly moderatedBy: string | null;
  readonly moderatedAt: Date | null;
}

/** A moderator may change their mind, so a decision can be overturned; the same decision twice is refused as a mistake. */
export function moderateComment(comment: Comment, decision: "approved" | "rejected", moderatorId: string, now: Date): Comment {
  if (comment.status === decision) {
    throw conflict(`Comment ${comment.id} is ${decision} already.`, { reason: "COMMENT_STATUS", metadata: { status: comment.status } });
  }
  return { ...comment, status: decision, moderatedBy: moderatorId, moderatedAt: now };
}
