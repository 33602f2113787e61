import { forbidden, newId } from "@plinth/kernel/base";
import type { Client } from "@plinth/kernel/client";
import type { Handlers } from "@plinth/kernel/rpc";
import type { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import type { BlogService } from "@plinth/proto/blog/v1/blog_pb";
import { permissions } from "@plinth/proto/permissions";
import { moderateComment } from "../domain/comment.ts";
import type { CommentStore } from "../domain/comment-store.ts";
import { commentMessage, commentStatusOf } from "../messages/comment-message.ts";
import { type PostAccess, userOf } from "./post-access.ts";

type CommentHandlers = Pick<Handlers<typeof BlogService>, "addComment" | "listComments" | "moderateComment">;

const MODERATE = permissions.blog.comment.moderate;

export function commentHandlers(comments: CommentStore, access: PostAccess, authz: Client<typeof AuthzService>): CommentHandlers {
  return {
    async addComment({ postId, content }, context) {
      const author = userOf(context);
      const post = await access.visiblePost(postId, context);
      const comment = {
        id: newId("comment"),
        tenantId: post.tenantId,
        postId,
        authorId: author.id,
        content: content.trim(),
        status: "pending",
        createdAt: new Date(),
        moderatedBy: null,
        moderatedAt: null,
      } as const;
      await comments.insert(comment);
      context.restStatus = 201;
      return commentMessage(comment);
    },

    async listComments({ postId, status, pageSize, pageToken }, context) {
      await access.visiblePost(postId, context);
      const wanted = commentStatusOf(status) ?? "approved";
      // What is not approved yet is read by moderators alone.
      if (wanted !== "approved") {
        const userId = userOf(context).id;
        const { allowed } = await authz.hasPermission({ userId, permission: MODERATE });
        if (!allowed)
          throw forbidden(`This takes the permission ${MODERATE}.`, { reason: "PERMISSION_DENIED", metadata: { permission: MODERATE } });
      }
      const page = await comments.listComments(postId, wanted, { size: pageSize, token: pageToken });
      return { comments: page.items.map(commentMessage), nextPageToken: page.nextPageToken };
    },

    async moderateComment({ id, status }, context) {
      const moderator = userOf(context);
      const decision = commentStatusOf(status) === "approved" ? "approved" : "rejected";
      return commentMessage(await comments.change(id, (comment) => moderateComment(comment, decision, moderator.id, new Date())));
    },
  };
}
