import { PostStatus as Message } from "@plinth/proto/blog/v1/blog_pb";
import type { PostStatus } from "../domain/post.ts";

/** A post's status on the wire. */
export const POST_STATUS: Record<PostStatus, Message> = {
  draft: Message.DRAFT,
  scheduled: Message.SCHEDULED,
  published: Message.PUBLISHED,
  archived: Message.ARCHIVED,
};

/** Undefined for "not said". */
export function postStatusOf(message: Message): PostStatus | undefined {
  return (Object.keys(POST_STATUS) as PostStatus[]).find((status) => POST_STATUS[status] === message);
}
