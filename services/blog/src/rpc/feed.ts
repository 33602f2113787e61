import type { RawHandler } from "@plinth/kernel/http";
import type { Post } from "../domain/post.ts";
import type { PostStore } from "../domain/post-store.ts";

export interface FeedSettings {
  readonly title: string;
  readonly items: number;
  /** The gateway as readers see it. */
  readonly publicUrl: string;
}

/** RSS 2.0 of the latest published posts. */
export function feedHandler(posts: PostStore, settings: () => FeedSettings): RawHandler {
  return async (_request, response) => {
    const { title, items, publicUrl } = settings();
    const page = await posts.listPosts({ status: "published" }, { size: items, token: "" });
    response.type("application/rss+xml").send(feedDocument(title, publicUrl, page.items));
  };
}

function feedDocument(title: string, publicUrl: string, posts: readonly Post[]): string {
  const items = posts.map((post) => feedItem(post, publicUrl)).join("");
  const about = `<title>${escapeXml(title)}</title><link>${escapeXml(publicUrl)}</link><description>${escapeXml(title)}</description>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>${about}${items}</channel></rss>\n`;
}

function feedItem(post: Post, publicUrl: string): string {
  const link = escapeXml(`${publicUrl}/api/v1/blog/slugs/${encodeURIComponent(post.slug)}`);
  const date = (post.publishedAt ?? post.createdAt).toUTCString();
  const tags = post.tags.map((tag) => `<category>${escapeXml(tag)}</category>`).join("");
  const texts = `<title>${escapeXml(post.title)}</title><description>${escapeXml(post.excerpt)}</description>`;
  return `<item>${texts}<link>${link}</link><guid isPermaLink="false">${post.id}</guid><pubDate>${date}</pubDate>${tags}</item>`;
}

/** Signs that XML 1.0 cannot carry even escaped are left out. */
function escapeXml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "")
    .replaceAll(/[<>&'"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
