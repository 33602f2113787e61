import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { PostSchema, RevisionSchema } from "@plinth/proto/blog/v1/blog_pb";
import type { Post } from "../domain/post.ts";
import type { Revision } from "../domain/post-store.ts";
import { POST_STATUS } from "./post-status.ts";

export function postMessage(post: Post): MessageInitShape<typeof PostSchema> {
  const { createdAt, updatedAt, publishedAt, scheduledAt, status, tags, ...same } = post;
  return {
    ...same,
    tags: [...tags],
    status: POST_STATUS[status],
    createdAt: timestampFromDate(createdAt),
    updatedAt: timestampFromDate(updatedAt),
    ...(publishedAt ? { publishedAt: timestampFromDate(publishedAt) } : {}),
    ...(scheduledAt ? { scheduledAt: timestampFromDate(scheduledAt) } : {}),
  };
}

export function revisionMessage(revision: Revision): MessageInitShape<typeof RevisionSchema> {
  return { ...revision, tags: [...revision.tags], createdAt: timestampFromDate(revision.createdAt) };
}
