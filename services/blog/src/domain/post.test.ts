import { describe, expect, test } from "@jest/globals";
import { anyText } from "@plinth/kernel/arbitraries";
import fc from "fast-check";
import { archivePost, draftPost, editPost, type Post, publishPost, schedulePost } from "./post.ts";
import { numberedSlug, slugOf } from "./slug.ts";

const NOW = new Date("2026-01-02T03:04:05Z");
const LATER = new Date("2026-02-01T00:00:00Z");
const aPost = (change: Partial<Post> = {}): Post => ({
  ...draftPost(
    "post_1",
    "hello",
    { id: "user_1", tenantId: "default" },
    { title: " Hello ", content: "One.\n\nTwo.", excerpt: "", tags: ["A", "a", " "] },
    NOW,
  ),
  ...change,
});

describe("a draft", () => {
  test("is tidied: no outer blanks, tags once and in lower case, an excerpt from the first paragraph", () => {
    expect(aPost()).toMatchObject({ title: "Hello", tags: ["a"], excerpt: "One.", status: "draft", revision: 1 });
  });

  test("can be published, and then shows since when", () => {
    expect(publishPost(aPost(), LATER)).toMatchObject({ status: "published", publishedAt: LATER, scheduledAt: null, revision: 1 });
  });

  test("cannot be scheduled for the past", () => {
    expect(() => schedulePost(aPost(), NOW, NOW)).toThrow(expect.objectContaining({ fieldErrors: { publish_at: expect.any(String) } }));
  });
});

test.each([
  ["published", publishPost],
  ["archived", archivePost],
] as const)("what is %s already cannot become so again", (status, act) => {
  expect(() => act(aPost({ status }), LATER)).toThrow(expect.objectContaining({ code: "CONFLICT", reason: "POST_STATUS" }));
});

describe("an edit", () => {
  test("counts the revision up and leaves what it does not name", () => {
    const edited = editPost(aPost(), { title: "New" }, 1, LATER);
    expect(edited).toMatchObject({ title: "New", content: "One.\n\nTwo.", tags: ["a"], revision: 2, updatedAt: LATER, slug: "hello" });
  });

  test("of a revision that is no longer the last is refused", () => {
    expect(() => editPost(aPost({ revision: 3 }), { title: "New" }, 2, LATER)).toThrow(
      expect.objectContaining({ code: "CONFLICT", reason: "REVISION_CONFLICT" }),
    );
  });

  test("of an archived post is refused", () => {
    expect(() => editPost(aPost({ status: "archived" }), {}, undefined, LATER)).toThrow(
      expect.objectContaining({ reason: "POST_ARCHIVED" }),
    );
  });
});

describe("a slug", () => {
  test.each([
    ["Hello, Wörld!", "hello-world"],
    ["  Ça va? ", "ca-va"],
    ["日本", "post"],
    ["---", "post"],
  ])("of %p is %p", (title, slug) => expect(slugOf(title)).toBe(slug));

  test("is always one that the API takes, whatever the title", () => {
    fc.assert(
      fc.property(anyText({ maxLength: 300 }), fc.integer({ min: 1, max: 99 }), (title, attempt) => {
        const slug = numberedSlug(slugOf(title), attempt);
        expect(slug).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
        expect(slug.length).toBeLessThanOrEqual(120);
      }),
    );
  });
});
