import { type Client, Code, ConnectError, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { AuthService } from "@plinth/proto/auth/v1/auth_pb";
import { BlogService, PostStatus } from "@plinth/proto/blog/v1/blog_pb";
import { BadRequestSchema, ErrorInfoSchema } from "@plinth/proto/google/rpc/error_details_pb";
import { type Account, anAccount, callApi } from "./accounts.ts";
import { type LocalPlatform, startLocalPlatform } from "./local-platform.ts";

/** One API in every protocol, by clients that share no code with our servers. */
let platform: LocalPlatform;
let gateway: string;
let ada: Account;
let bob: Account;

beforeAll(async () => {
  platform = await startLocalPlatform({ ports: "free" });
  gateway = await platform.url("gateway");
  ada = await anAccount(platform, "ada@example.com", { administrator: true });
  bob = await anAccount(platform, "bob@example.com");
}, 90_000);

afterAll(async () => {
  await platform.stop();
  await platform.remove();
});

const withToken =
  (token: string | undefined): Interceptor =>
  (next) =>
  (request) => {
    if (token !== undefined) request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };

const TRANSPORTS: Record<string, (token: string | undefined) => Transport> = {
  gRPC: (token) => createGrpcTransport({ baseUrl: gateway, interceptors: [withToken(token)] }),
  "gRPC-Web": (token) => createGrpcWebTransport({ baseUrl: gateway, httpVersion: "1.1", interceptors: [withToken(token)] }),
  "Connect with POST": (token) => createConnectTransport({ baseUrl: gateway, httpVersion: "1.1", interceptors: [withToken(token)] }),
  "Connect with GET": (token) =>
    createConnectTransport({ baseUrl: gateway, httpVersion: "1.1", useHttpGet: true, interceptors: [withToken(token)] }),
  "Connect in binary": (token) =>
    createConnectTransport({ baseUrl: gateway, httpVersion: "1.1", useBinaryFormat: true, interceptors: [withToken(token)] }),
};

async function failureOf(work: Promise<unknown>): Promise<ConnectError> {
  const [result] = await Promise.allSettled([work]);
  if (result?.status !== "rejected") throw new Error(`it answered ${JSON.stringify(result)}`);
  return ConnectError.from(result.reason);
}

describe.each(Object.entries(TRANSPORTS))("by %s", (name, transport) => {
  const blog = (account?: Account): Client<typeof BlogService> => createClient(BlogService, transport(account?.token));

  test("a post is written, published and read", async () => {
    const post = await blog(ada).createPost({ title: `Written by ${name}`, content: "…", tags: ["protocols"] });
    expect(post).toMatchObject({ title: `Written by ${name}`, status: PostStatus.DRAFT, authorId: ada.id });
    await blog(ada).publishPost({ id: post.id });
    await expect(blog().getPost({ id: post.id })).resolves.toMatchObject({ id: post.id, status: PostStatus.PUBLISHED });
    const { posts } = await blog().listPosts({ tag: "protocols" });
    expect(posts.map(({ id }) => id)).toContain(post.id);
  });

  test("a missing permission is named", async () => {
    const failure = await failureOf(blog(bob).createPost({ title: "No" }));
    expect(failure.code).toBe(Code.PermissionDenied);
    expect(failure.findDetails(ErrorInfoSchema)).toMatchObject([
      { reason: "PERMISSION_DENIED", domain: "plinth.dev", metadata: { permission: "blog.post.create" } },
    ]);
  });

  test("a field that breaks a rule is named", async () => {
    const failure = await failureOf(blog(ada).createPost({ title: "", tags: ["Not A Tag"] }));
    expect(failure.code).toBe(Code.InvalidArgument);
    const [details] = failure.findDetails(BadRequestSchema);
    expect(details?.fieldViolations.map(({ field }) => field).sort()).toEqual(["tags[0]", "title"]);
  });

  test("what is not there is NOT_FOUND with its reason, and no token is UNAUTHENTICATED", async () => {
    const missing = await failureOf(blog().getPost({ id: "post_nothing" }));
    expect(missing.code).toBe(Code.NotFound);
    expect(missing.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "POST_NOT_FOUND" }]);
    const anonymous = await failureOf(blog().createPost({ title: "Who?" }));
    expect(anonymous.code).toBe(Code.Unauthenticated);
    expect(anonymous.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "MISSING_TOKEN" }]);
  });

  test("a token is validated", async () => {
    const auth = createClient(AuthService, transport(undefined));
    await expect(auth.validateToken({ token: ada.token })).resolves.toMatchObject({ userId: ada.id, email: ada.email });
  });
});

describe("by REST", () => {
  test("the same errors come in the envelope", async () => {
    const denied = await callApi(platform, "POST", "/blog/posts", { body: { title: "No" }, token: bob.token });
    expect(denied).toMatchObject({
      status: 403,
      body: { success: false, error: { code: "FORBIDDEN", details: { metadata: { permission: "blog.post.create" } } } },
    });
    const invalid = await callApi(platform, "POST", "/blog/posts", { body: { title: "", tags: ["Not A Tag"] }, token: ada.token });
    expect(invalid.status).toBe(422);
    expect(Object.keys(invalid.body.error.details.field_errors).sort()).toEqual(["tags[0]", "title"]);
    const missing = await callApi(platform, "GET", "/blog/posts/post_nothing");
    expect(missing).toMatchObject({ status: 404, body: { error: { details: { reason: "POST_NOT_FOUND" } } } });
    const anonymous = await callApi(platform, "POST", "/blog/posts", { body: { title: "Who?" } });
    expect(anonymous).toMatchObject({ status: 401, body: { error: { details: { reason: "MISSING_TOKEN" } } } });
  });

  test("a creating request with an idempotency key takes effect once", async () => {
    const create = () =>
      callApi(platform, "POST", "/blog/posts", { body: { title: "Once" }, token: ada.token, headers: { "idempotency-key": "key-1" } });
    const first = await create();
    const second = await create();
    expect(second.body.data.id).toBe(first.body.data.id);
    const other = await callApi(platform, "POST", "/blog/posts", {
      body: { title: "Another" },
      token: ada.token,
      headers: { "idempotency-key": "key-1" },
    });
    expect(other).toMatchObject({ status: 422, body: { error: { details: { reason: "IDEMPOTENCY_CONFLICT" } } } });
  });
});

test("a method without a REST path cannot be reached from outside", async () => {
  const response = await fetch(`${gateway}/plinth.identity.v1.IdentityService/VerifyPassword`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${ada.token}` },
    body: JSON.stringify({ email: "ada@example.com", password: "x" }),
  });
  expect(response.status).toBe(404);
});
