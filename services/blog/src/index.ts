import { defineService } from "@plinth/kernel/service";
import { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import { BlogService } from "@plinth/proto/blog/v1/blog_pb";
import { publishPost } from "./domain/post.ts";
import { commentHandlers } from "./rpc/comment-handlers.ts";
import { feedHandler } from "./rpc/feed.ts";
import { postAccess } from "./rpc/post-access.ts";
import { postHandlers } from "./rpc/post-handlers.ts";
import { PostgresCommentStore } from "./store/comment-store.ts";
import { CommentEntity, PostEntity, RevisionEntity } from "./store/entities.ts";
import { PostEvents } from "./store/post-events.ts";
import { PostgresPostStore } from "./store/post-store.ts";

interface BlogConfig {
  readonly publicUrl: string;
  readonly feed: { readonly title: string; readonly items: number };
}

export default defineService<BlogConfig>(
  import.meta.url,
  (service) => {
    const authz = service.client("authz", AuthzService);
    const posts = new PostgresPostStore(service.database, new PostEvents(service));
    const comments = new PostgresCommentStore(service.database, service);
    const access = postAccess(posts, authz);

    service.rpc(BlogService, { ...postHandlers(posts, access), ...commentHandlers(comments, access, authz) });
    service.http(
      "get",
      "/api/v1/blog/rss.xml",
      feedHandler(posts, () => ({ publicUrl: service.config.value.publicUrl, ...service.config.value.feed })),
    );
    service.cron("publish-scheduled-posts", "* * * * *", async () => {
      const now = new Date();
      await posts.publishDue(now, (post) => publishPost(post, now));
    });
  },
  { entities: [PostEntity, RevisionEntity, CommentEntity] },
);
