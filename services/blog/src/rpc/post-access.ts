import { forbidden, notFound, type UserIdentity, unauthorized } from "@plinth/kernel/base";
import type { Client } from "@plinth/kernel/client";
import type { CallContext } from "@plinth/kernel/rpc";
import type { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import type { PermissionCode } from "@plinth/proto/permissions";
import { type MayUser, mayAct, maySee } from "../domain/access.ts";
import type { Post } from "../domain/post.ts";
import type { PostStore } from "../domain/post-store.ts";

/** Finds posts for the user of a call, and refuses what that user may not see or do. */
export interface PostAccess {
  /** A post the user may see. A hidden one is NOT_FOUND like one that is not there. */
  visiblePost(id: string, context: CallContext): Promise<Post>;
  /** NOT_FOUND unless the post was found and may be seen; `wanted` is what was asked for. */
  checkVisible(post: Post | undefined, wanted: string, context: CallContext): Promise<Post>;
  /** The acting user, who may act on this post. Throws FORBIDDEN with the missing permission. */
  actor(id: string, permission: PermissionCode, context: CallContext): Promise<UserIdentity>;
}

export function postAccess(posts: PostStore, authz: Client<typeof AuthzService>): PostAccess {
  const may: MayUser = async (userId, permission, post) => {
    const resource = { id: post.id, author_id: post.authorId, status: post.status, tenant_id: post.tenantId };
    return (await authz.authorize({ userId, permission, resource })).authorized;
  };
  const checkVisible: PostAccess["checkVisible"] = async (post, wanted, context) => {
    if (!post || !(await maySee(post, context.user?.id, may))) {
      throw notFound(`There is no post ${wanted}.`, { reason: "POST_NOT_FOUND", metadata: { post: wanted } });
    }
    return post;
  };
  const visiblePost: PostAccess["visiblePost"] = async (id, context) => checkVisible(await posts.findPost(id), id, context);
  return {
    visiblePost,
    checkVisible,
    async actor(id, permission, context) {
      const user = userOf(context);
      const post = await visiblePost(id, context);
      if (!(await mayAct(post, user.id, permission, may))) {
        throw forbidden(`Posts of others take the permission ${permission}.`, { reason: "PERMISSION_DENIED", metadata: { permission } });
      }
      return user;
    },
  };
}

export function userOf(context: CallContext): UserIdentity {
  if (!context.user) throw unauthorized("Sign in first.", { reason: "MISSING_TOKEN" });
  return context.user;
}
