import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type ServiceHarness, startHarness } from "@plinth/kernel/testing";
import { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import { BlogService, CommentStatus, PostStatus } from "@plinth/proto/blog/v1/blog_pb";
import authz from "../../authz/src/index.ts";
import blog from "../src/index.ts";

let harness: ServiceHarness;

beforeAll(async () => {
  harness = await startHarness({ services: [authz, blog], env: { AUTHZ_BOOTSTRAP_TOKEN: "only the first may have it" } });
  const asIdentity = harness.client("authz", AuthzService, { module: "identity" });
  await asIdentity.claimBootstrap({ userId: "user_admin", bootstrapToken: "only the first may have it" });
  const asAdmin = harness.client("authz", AuthzService, { user: { id: "user_admin" } });
  await asAdmin.assignRole({ userId: "user_editor", role: "blog-editor" });
});
afterAll(() => harness.stop());

const as = (id: string, tenantId = "default") => harness.client("blog", BlogService, { user: { id, tenantId } });
const anonymous = () => harness.client("blog", BlogService);
const aPost = (author = "user_ada", title = "Notes") => as(author).createPost({ title, content: "Text." });

describe("a draft", () => {
  test("is seen by its author and by editors, and is not there for anybody else", async () => {
    const { id } = await aPost();
    await expect(as("user_ada").getPost({ id })).resolves.toMatchObject({ status: PostStatus.DRAFT });
    await expect(as("user_editor").getPost({ id })).resolves.toMatchObject({ id });
    for (const reader of [anonymous(), as("user_bob")]) {
      await expect(reader.getPost({ id })).rejects.toMatchObject({ code: "NOT_FOUND", reason: "POST_NOT_FOUND" });
      await expect(reader.getPostBySlug({ slug: "notes" })).rejects.toMatchObject({ code: "NOT_FOUND" });
    }
  });

  test("is not in the public list, but in its author's own", async () => {
    const { id } = await aPost("user_list");
    expect((await anonymous().listPosts({ authorId: "user_list" })).posts).toEqual([]);
    expect((await as("user_list").listPosts({ authorId: "user_list" })).posts.map((post) => post.id)).toEqual([id]);
  });
});

describe("a published post", () => {
  test("is read by everybody, and changed by its author and editors alone", async () => {
    const { id } = await aPost();
    await as("user_ada").publishPost({ id });
    await expect(anonymous().getPost({ id })).resolves.toMatchObject({ status: PostStatus.PUBLISHED });
    await expect(as("user_bob").updatePost({ id, title: "Mine now" })).rejects.toMatchObject({
      code: "FORBIDDEN",
      metadata: { permission: "blog.post.update" },
    });
    await expect(as("user_editor").updatePost({ id, title: "Notes, revised" })).resolves.toMatchObject({ revision: 2 });
    const { revisions } = await as("user_ada").listRevisions({ postId: id });
    expect(revisions.map(({ revision, title, editorId }) => [revision, title, editorId])).toEqual([
      [2, "Notes, revised", "user_editor"],
      [1, "Notes", "user_ada"],
    ]);
  });

  test("of another tenant is not there", async () => {
    const { id } = await aPost();
    await as("user_ada").publishPost({ id });
    await expect(as("user_ada", "acme").getPost({ id })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

test("posts of one title get slugs of their own; a slug that was chosen is not changed but refused", async () => {
  const slugs = await Promise.all([1, 2, 3].map(async () => (await aPost("user_ada", "Same title")).slug));
  expect(slugs.sort()).toEqual(["same-title", "same-title-2", "same-title-3"]);
  const chosen = as("user_ada").createPost({ title: "Other", slug: "same-title" });
  await expect(chosen).rejects.toMatchObject({ code: "CONFLICT", reason: "SLUG_TAKEN" });
});

test("of two edits of one revision the second is told to read again", async () => {
  const { id } = await aPost();
  const edit = (title: string) => as("user_ada").updatePost({ id, title, expectedRevision: 1 });
  const results = await Promise.allSettled([edit("First"), edit("Second")]);
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(results.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "CONFLICT", reason: "REVISION_CONFLICT" } });
});

test("a post is scheduled for the future only, and can be archived", async () => {
  const { id } = await aPost();
  const schedule = (publishAt: Date) => as("user_ada").schedulePost({ id, publishAt: timestampFromDate(publishAt) });
  await expect(schedule(new Date(0))).rejects.toMatchObject({ fieldErrors: { publish_at: expect.anything() } });
  await expect(schedule(new Date(Date.now() + 3_600_000))).resolves.toMatchObject({ status: PostStatus.SCHEDULED });
  await expect(as("user_ada").archivePost({ id })).resolves.toMatchObject({ status: PostStatus.ARCHIVED });
  await expect(as("user_ada").publishPost({ id })).rejects.toMatchObject({ code: "CONFLICT", reason: "POST_STATUS" });
});

test("a comment is read once a moderator approved it", async () => {
  const { id: postId } = await aPost();
  await as("user_ada").publishPost({ id: postId });
  const comment = await as("user_bob").addComment({ postId, content: " Well said. " });
  expect(comment).toMatchObject({ status: CommentStatus.PENDING, content: "Well said." });
  expect((await anonymous().listComments({ postId })).comments).toEqual([]);
  const pending = { postId, status: CommentStatus.PENDING };
  await expect(as("user_bob").listComments(pending)).rejects.toMatchObject({ code: "FORBIDDEN" });
  expect((await as("user_editor").listComments(pending)).comments).toMatchObject([{ id: comment.id }]);
  await as("user_editor").moderateComment({ id: comment.id, status: CommentStatus.APPROVED });
  expect((await anonymous().listComments({ postId })).comments).toMatchObject([{ id: comment.id, status: CommentStatus.APPROVED }]);
});

test("the feed shows published posts, and no sign of theirs breaks it", async () => {
  const { id } = await aPost("user_ada", "<Tags> & \u0001signs");
  await as("user_ada").publishPost({ id });
  const headers = { "x-service-token": await harness.serviceToken("gateway", "blog") };
  const response = await fetch(`${harness.httpUrl("blog")}/api/v1/blog/rss.xml`, { headers });
  expect(response.headers.get("content-type")).toContain("application/rss+xml");
  const feed = await response.text();
  expect(feed).toContain("<title>&#60;Tags&#62; &#38; signs</title>");
  expect(feed).not.toContain("\u0001");
});
