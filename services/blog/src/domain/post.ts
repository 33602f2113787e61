import { conflict, validation } from "@plinth/kernel/base";

export type PostStatus = "draft" | "scheduled" | "published" | "archived";

export interface Post {
  readonly id: string;
  readonly tenantId: string;
  /** Unique in the tenant; made from the title at creation and then stable, so that links keep working. */
  readonly slug: string;
  readonly title: string;
  readonly body: string;
  readonly excerpt: string;
  readonly tags: readonly string[];
  readonly authorId: string;
  readonly status: PostStatus;
  /** When a scheduled post goes public. */
  readonly publishAt: Date | null;
  readonly publishedAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** 1 at creation, one more with each change of the text. */
  readonly revision: number;
}

/** What an author writes. */
export interface PostText {
  readonly title: string;
  readonly body: string;
  readonly excerpt: string;
  readonly tags: readonly string[];
}

export type PostAct = "publish" | "schedule" | "archive" | "restore";

/** Which act leads where; what is not listed is refused. */
const TRANSITIONS: Record<PostStatus, Partial<Record<PostAct, PostStatus>>> = {
  draft: { publish: "published", schedule: "scheduled", archive: "archived" },
  scheduled: { publish: "published", schedule: "scheduled", archive: "archived", restore: "draft" },
  published: { archive: "archived", restore: "draft" },
  archived: { restore: "draft" },
};

export function draftPost(id: string, slug: string, author: { id: string; tenantId: string }, text: PostText, now: Date): Post {
  return {
    id,
    tenantId: author.tenantId,
    slug,
    ...tidied(text),
    authorId: author.id,
    status: "draft",
    publishAt: null,
    publishedAt: null,
    createdAt: now,
    updatedAt: now,
    revision: 1,
  };
}

export function editPost(post: Post, change: Partial<PostText>, now: Date): Post {
  if (post.status === "archived") {
    throw conflict(`Post ${post.id} is archived; restore it before editing.`, { reason: "POST_ARCHIVED" });
  }
  const text = tidied({ title: post.title, body: post.body, excerpt: post.excerpt, tags: post.tags, ...change });
  return { ...post, ...text, updatedAt: now, revision: post.revision + 1 };
}

export function publishPost(post: Post, now: Date): Post {
  return { ...moved(post, "publish"), publishAt: null, publishedAt: now, updatedAt: now };
}

export function schedulePost(post: Post, publishAt: Date, now: Date): Post {
  if (publishAt <= now) throw validation({ publish_at: "must lie in the future; to publish at once call :publish" });
  return { ...moved(post, "schedule"), publishAt, updatedAt: now };
}

export function archivePost(post: Post, now: Date): Post {
  return { ...moved(post, "archive"), publishAt: null, updatedAt: now };
}

/** Drafts, scheduled and archived posts are seen only by those who may change them. */
export function isPublic(post: Post): boolean {
  return post.status === "published";
}

function moved(post: Post, act: PostAct): Post {
  const status = TRANSITIONS[post.status][act];
  if (!status) throw conflict(`A ${post.status} post cannot ${act}.`, { reason: "POST_STATUS", metadata: { status: post.status, act } });
  return { ...post, status };
}

function tidied(text: PostText): PostText {
  const tags = [...new Set(text.tags.map((tag) => tag.trim().toLowerCase()).filter((tag) => tag !== ""))];
  return { title: text.title.trim(), body: text.body, excerpt: text.excerpt.trim() || firstParagraph(text.body), tags };
}

const EXCERPT_CHARACTERS = 200;

function firstParagraph(body: string): string {
  const paragraph = body.trim().split(/\n\s*\n/, 1)[0] ?? "";
  return paragraph.length > EXCERPT_CHARACTERS ? `${paragraph.slice(0, EXCERPT_CHARACTERS - 1).trimEnd()}…` : paragraph;
}
