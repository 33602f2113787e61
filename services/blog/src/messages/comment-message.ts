import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type CommentSchema, CommentStatus as Message } from "@plinth/proto/blog/v1/blog_pb";
import type { Comment, CommentStatus } from "../domain/comment.ts";

const COMMENT_STATUS: Record<CommentStatus, Message> = {
  pending: Message.PENDING,
  approved: Message.APPROVED,
  rejected: Message.REJECTED,
};

/** Undefined for "not said". */
export function commentStatusOf(message: Message): CommentStatus | undefined {
  return (Object.keys(COMMENT_STATUS) as CommentStatus[]).find((status) => COMMENT_STATUS[status] === message);
}

export function commentMessage({ id, postId, authorId, content, status, createdAt }: Comment): MessageInitShape<typeof CommentSchema> {
  return { id, postId, authorId, content, status: COMMENT_STATUS[status], createdAt: timestampFromDate(createdAt) };
}
