import { type PermissionCode, permissions } from "@plinth/proto/permissions";
import type { Post } from "./post.ts";

/** Asks whether a user holds a permission for a post; attributes of the post may decide. */
export type MayUser = (userId: string, permission: PermissionCode, post: Post) => Promise<boolean>;

/** Drafts, scheduled and archived posts exist only for their author and for those with the permission to see them. */
export async function maySee(post: Post, userId: string | undefined, may: MayUser): Promise<boolean> {
  if (post.status === "published") return true;
  return userId !== undefined && mayAct(post, userId, permissions.blog.post.read, may);
}

/** The author may do everything with a post; others need the permission. */
export async function mayAct(post: Post, userId: string, permission: PermissionCode, may: MayUser): Promise<boolean> {
  return post.authorId === userId || may(userId, permission, post);
}
