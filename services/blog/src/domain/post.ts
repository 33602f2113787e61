import { conflict, validation } from "@plinth/kernel/base";

export type PostStatus = "draft" | "scheduled" | "published" | "archived";

export interface Post {
  readonly id: string;
  readonly tenantId: string;
  /** Unique in the tenant; made from the title at creation and then stable, so that links keep working. */
  readonly slug: string;
  readonly title: string;
  readonly content: string;
  readonly excerpt: string;
  readonly tags: readonly string[];
  readonly authorId: string;
  readonly status: PostStatus;
  /** When a scheduled post goes public. */
  readonly scheduledAt: Date | null;
  readonly publishedAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** 1 at creation, one more with each change of the text. */
  readonly revision: number;
}

/** What an author writes. */
export interface PostText {
  readonly title: string;
  readonly content: string;
  readonly excerpt: string;
  readonly tags: readonly string[];
}

/** Absent fields stay. */
export interface PostChange {
  readonly title?: string | undefined;
  readonly content?: string | undefined;
  readonly excerpt?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly slug?: string | undefined;
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
    scheduledAt: null,
    publishedAt: null,
    createdAt: now,
    updatedAt: now,
    revision: 1,
  };
}

/** @param expectedRevision The revision that the editor saw: an edit made in the meantime is not overwritten. */
export function editPost(post: Post, change: PostChange, expectedRevision: number | undefined, now: Date): Post {
  if (expectedRevision !== undefined && expectedRevision !== post.revision) {
    throw conflict(`Post ${post.id} has revision ${post.revision}, not ${expectedRevision}: read it again and repeat the change.`, {
      reason: "REVISION_CONFLICT",
      metadata: { revision: String(post.revision) },
    });
  }
  if (post.status === "archived") {
    throw conflict(`Post ${post.id} is archived; restore it before editing.`, { reason: "POST_ARCHIVED" });
  }
  const text = tidied({
    title: change.title ?? post.title,
    content: change.content ?? post.content,
    excerpt: change.excerpt ?? post.excerpt,
    tags: change.tags ?? post.tags,
  });
  return { ...post, ...text, slug: change.slug ?? post.slug, updatedAt: now, revision: post.revision + 1 };
}

export function publishPost(post: Post, now: Date): Post {
  return { ...moved(post, "publish"), scheduledAt: null, publishedAt: now, updatedAt: now };
}

export function schedulePost(post: Post, publishAt: Date, now: Date): Post {
  if (publishAt <= now) throw validation({ publish_at: "must lie in the future; to publish at once call :publish" });
  return { ...moved(post, "schedule"), scheduledAt: publishAt, updatedAt: now };
}

export function archivePost(post: Post, now: Date): Post {
  return { ...moved(post, "archive"), scheduledAt: null, updatedAt: now };
}

function moved(post: Post, act: PostAct): Post {
  const status = TRANSITIONS[post.status][act];
  if (!status) throw conflict(`A ${post.status} post cannot ${act}.`, { reason: "POST_STATUS", metadata: { status: post.status, act } });
  return { ...post, status };
}

function tidied(text: PostText): PostText {
  const tags = [...new Set(text.tags.map((tag) => tag.trim().toLowerCase()).filter((tag) => tag !== ""))];
  return { title: text.title.trim(), content: text.content, excerpt: text.excerpt.trim() || firstParagraph(text.content), tags };
}

const EXCERPT_CHARACTERS = 200;

function firstParagraph(content: string): string {
  const paragraph = content.trim().split(/\n\s*\n/, 1)[0] ?? "";
  return paragraph.length > EXCERPT_CHARACTERS ? `${paragraph.slice(0, EXCERPT_CHARACTERS - 1).trimEnd()}…` : paragraph;
}
