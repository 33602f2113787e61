import { timestampDate } from "@bufbuild/protobuf/wkt";
import { newId, PlinthError } from "@plinth/kernel/base";
import type { Handlers } from "@plinth/kernel/rpc";
import type { BlogService } from "@plinth/proto/blog/v1/blog_pb";
import { permissions } from "@plinth/proto/permissions";
import { archivePost, draftPost, editPost, type Post, publishPost, schedulePost } from "../domain/post.ts";
import type { PostStore } from "../domain/post-store.ts";
import { numberedSlug, slugOf } from "../domain/slug.ts";
import { postMessage, revisionMessage } from "../messages/post-message.ts";
import { postStatusOf } from "../messages/post-status.ts";
import { type PostAccess, userOf } from "./post-access.ts";

type PostHandlers = Omit<Handlers<typeof BlogService>, "addComment" | "listComments" | "moderateComment">;

/** Titles are often alike ("Hello"); after this many numbers the author is asked for a slug. */
const SLUG_TRIES = 20;

export function postHandlers(posts: PostStore, access: PostAccess): PostHandlers {
  return {
    async createPost({ title, content, excerpt, tags, slug }, context) {
      const author = userOf(context);
      const draft = (chosen: string) =>
        draftPost(newId("post"), chosen, { id: author.id, tenantId: context.tenantId }, { title, content, excerpt, tags }, new Date());
      context.restStatus = 201;
      if (slug === undefined) return postMessage(await insertWithFreeSlug(posts, slugOf(title), draft));
      const post = draft(slug);
      await posts.insert(post);
      return postMessage(post);
    },

    async getPost({ id }, context) {
      return postMessage(await access.visiblePost(id, context));
    },

    async getPostBySlug({ slug }, context) {
      return postMessage(await access.checkVisible(await posts.findBySlug(slug), slug, context));
    },

    async listPosts({ status, tag, authorId, pageSize, pageToken }, context) {
      // Who asks for own posts sees them all; everybody else sees what is published.
      const own = context.user !== undefined && authorId === context.user.id;
      const filter = { status: own ? postStatusOf(status) : ("published" as const), tag, authorId };
      const page = await posts.listPosts(filter, { size: pageSize, token: pageToken });
      return { posts: page.items.map(postMessage), nextPageToken: page.nextPageToken };
    },

    async updatePost({ id, title, content, excerpt, slug, tags, clearTags, expectedRevision }, context) {
      const editor = await access.actor(id, permissions.blog.post.update, context);
      const change = { title, content, excerpt, slug, tags: clearTags || tags.length > 0 ? tags : undefined };
      return postMessage(await posts.change(id, "updated", editor.id, (post) => editPost(post, change, expectedRevision, new Date())));
    },

    async deletePost({ id }, context) {
      await access.actor(id, permissions.blog.post.delete, context);
      await posts.remove(id);
      return {};
    },

    async publishPost({ id }, context) {
      const editor = await access.actor(id, permissions.blog.post.update, context);
      return postMessage(await posts.change(id, "published", editor.id, (post) => publishPost(post, new Date())));
    },

    async schedulePost({ id, publishAt }, context) {
      const editor = await access.actor(id, permissions.blog.post.update, context);
      const at = publishAt ? timestampDate(publishAt) : new Date(0);
      return postMessage(await posts.change(id, "updated", editor.id, (post) => schedulePost(post, at, new Date())));
    },

    async archivePost({ id }, context) {
      const editor = await access.actor(id, permissions.blog.post.update, context);
      return postMessage(await posts.change(id, "archived", editor.id, (post) => archivePost(post, new Date())));
    },

    async listRevisions({ postId, pageSize, pageToken }, context) {
      await access.actor(postId, permissions.blog.post.update, context);
      const page = await posts.listRevisions(postId, { size: pageSize, token: pageToken });
      return { revisions: page.items.map(revisionMessage), nextPageToken: page.nextPageToken };
    },
  };
}

async function insertWithFreeSlug(posts: PostStore, slug: string, draft: (slug: string) => Post): Promise<Post> {
  for (let attempt = 1; ; attempt++) {
    const post = draft(numberedSlug(slug, attempt));
    try {
      await posts.insert(post);
      return post;
    } catch (error) {
      if (!(error instanceof PlinthError) || error.reason !== "SLUG_TAKEN" || attempt === SLUG_TRIES) throw error;
    }
  }
}
