import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { accessToken, type Backend, echo, moduleWith, startBackend, startGateway, type TestGateway } from "./start-gateway.ts";

let backend: Backend;
let plinth: TestGateway;
let refuse = false;
const asked: string[] = [];
let counted = 0;

beforeAll(async () => {
  backend = await startBackend((request, response) => {
    counted++;
    if (request.url === "/api/v1/blog/slow") return;
    if (request.url === "/api/v1/blog/big") {
      response.writeHead(200, { "content-type": "application/octet-stream" });
      for (let index = 0; index < 64; index++) response.write(Buffer.alloc(64 * 1024, index));
      response.end();
      return;
    }
    echo(request, response);
  });
  plinth = await startGateway({
    modules: [
      moduleWith("blog", [
        { path: "/api/v1/blog/**", timeout: "300ms" },
        { path: "/api/v1/blog/posts", methods: ["POST"], permission: "blog.post.create" },
        { path: "/api/v1/blog/public/**", auth: "public" },
        {
          path: "/api/v1/blog/cached",
          methods: ["GET"],
          auth: "public",
          cache: { ttl: "1m" },
          responseHeaders: { set: { "x-set": "1" }, rename: { "content-type": "x-type" } },
        },
        { path: "/api/v1/blog/limited", methods: ["GET"], rateLimit: { requests: 2, per: "1h" } },
        { path: "/api/v1/blog/small", methods: ["POST"], bodyLimit: 1024, auth: "public" },
      ]),
      moduleWith("gone", [{ path: "/api/v1/gone", methods: ["GET"], auth: "public" }]),
    ],
    backends: { blog: { httpPort: backend.port }, gone: { httpPort: 1 } },
    askAuthz: async ({ id }, permission) => {
      asked.push(`${id} ${permission}`);
      return !refuse;
    },
  });
});

afterAll(async () => {
  await plinth.gateway.close(1000);
  await backend.close();
});

interface Reply {
  status: number;
  headers: Headers;
  json: {
    headers: Record<string, string>;
    body: string;
    error: { code: string; details: { reason: string; metadata: Record<string, string> } };
  };
}

async function call(path: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(`${plinth.origin}${path}`, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, json: text.startsWith("{") ? JSON.parse(text) : undefined };
}

const bearer = (token = accessToken()) => ({ authorization: `Bearer ${token}` });

describe("who may pass", () => {
  test.each([
    ["no token", {}, "MISSING_TOKEN"],
    ["no bearer token", { authorization: "Basic YTpi" }, "INVALID_TOKEN"],
    ["a token of nobody", { authorization: "Bearer abc.def.ghi" }, "INVALID_TOKEN"],
    ["an old token", bearer(accessToken("user_1", "sess_1", -60)), "TOKEN_EXPIRED"],
  ])("%s is 401", async (_name, headers, reason) => {
    const { status, json, headers: answered } = await call("/api/v1/blog/posts/1", { headers });
    expect(status).toBe(401);
    expect(json.error).toMatchObject({ code: "UNAUTHORIZED", details: { reason } });
    expect(answered.get("www-authenticate")).toBe("Bearer");
  });

  test("a good token passes, and the module sees it with the gateway's own headers", async () => {
    const token = accessToken("user_7");
    const { status, json } = await call("/api/v1/blog/posts/1?a=b", {
      headers: {
        ...bearer(token),
        "x-tenant-id": "evil",
        "x-service-token": "forged",
        "x-client-address": "6.6.6.6",
        "x-request-id": "mine-1",
      },
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({ method: "GET", url: "/api/v1/blog/posts/1?a=b" });
    expect(json.headers).toMatchObject({
      authorization: `Bearer ${token}`,
      "x-service-token": "service-token-for-blog",
      "x-tenant-id": "acme",
      "x-client-address": "127.0.0.1",
      "x-request-id": "mine-1",
    });
    expect(json.headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
    expect(Number(json.headers["x-deadline-ms"])).toBeGreaterThan(0);
  });

  test("a session that was revoked is refused at once", async () => {
    const token = accessToken("user_8", "sess_8");
    expect((await call("/api/v1/blog/x", { headers: bearer(token) })).status).toBe(200);
    plinth.gateway.revokeSession("sess_8", Date.now() + 60_000);
    const { status, json } = await call("/api/v1/blog/x", { headers: bearer(token) });
    expect([status, json.error.details.reason]).toEqual([401, "SESSION_REVOKED"]);
  });

  test("public routes need no token, but a bad one is refused", async () => {
    expect((await call("/api/v1/blog/public/1")).status).toBe(200);
    expect((await call("/api/v1/blog/public/1", { headers: { authorization: "Bearer nonsense" } })).status).toBe(401);
  });

  test("grants are remembered until they are revoked; refusals never", async () => {
    const headers = bearer(accessToken("user_9"));
    const post = () => call("/api/v1/blog/posts", { method: "POST", headers, body: "{}" });
    expect((await post()).status).toBe(200);
    expect((await post()).status).toBe(200);
    expect(asked).toEqual(["user_9 blog.post.create"]);
    refuse = true;
    plinth.gateway.forgetGrants("user_9");
    const { status, json } = await post();
    expect(status).toBe(403);
    expect(json.error.details).toMatchObject({ reason: "PERMISSION_DENIED", metadata: { permission: "blog.post.create" } });
    expect((await post()).status).toBe(403);
    expect(asked).toHaveLength(3);
    refuse = false;
    expect((await post()).status).toBe(200);
  });
});

describe("limits", () => {
  test("a route's own limit counts each user apart and tells what is left", async () => {
    const get = (user: string) => call("/api/v1/blog/limited", { headers: bearer(accessToken(user)) });
    const first = await get("user_l1");
    expect(first.headers.get("ratelimit-limit")).toBe("2");
    expect(first.headers.get("ratelimit-remaining")).toBe("1");
    await get("user_l1");
    const third = await get("user_l1");
    expect(third.status).toBe(429);
    expect(third.json.error.code).toBe("RATE_LIMITED");
    expect(Number(third.headers.get("retry-after"))).toBeGreaterThan(60);
    expect((await get("user_l2")).status).toBe(200);
  });

  test("a body over the route's limit is refused, declared or not", async () => {
    const declared = await call("/api/v1/blog/small", { method: "POST", body: "x".repeat(1025) });
    expect([declared.status, declared.json.error.details.reason]).toEqual([413, "BODY_TOO_LARGE"]);
    const chunks = new ReadableStream({
      start(controller) {
        for (let index = 0; index < 4; index++) controller.enqueue(Buffer.alloc(500));
        controller.close();
      },
    });
    const chunked = await call("/api/v1/blog/small", { method: "POST", body: chunks, duplex: "half" } as RequestInit);
    expect(chunked.status).toBe(413);
    expect((await call("/api/v1/blog/small", { method: "POST", body: "x".repeat(1000) })).json.body).toHaveLength(1000);
  });
});

describe("answers", () => {
  test("what has no route is 404, what has no such method 405", async () => {
    const nothing = await call("/nothing");
    expect([nothing.status, nothing.json.error.details.reason]).toEqual([404, "ROUTE_NOT_FOUND"]);
    const wrong = await call("/api/v1/gone", { method: "POST" });
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    const options = await call("/api/v1/gone", { method: "OPTIONS" });
    expect([options.status, options.headers.get("allow")]).toEqual([204, "GET, HEAD"]);
  });

  test("a module that is not there is 503 with Retry-After, and says so in the envelope", async () => {
    const { status, headers, json } = await call("/api/v1/gone");
    expect([status, json.error.code, json.error.details.metadata.module]).toEqual([503, "SERVICE_UNAVAILABLE", "gone"]);
    expect(headers.get("retry-after")).toBe("1");
  });

  test("a module that does not answer in time is 504", async () => {
    const { status, json } = await call("/api/v1/blog/slow", { headers: bearer() });
    expect([status, json.error.code]).toEqual([504, "TIMEOUT"]);
  });

  test("large answers come whole", async () => {
    const response = await fetch(`${plinth.origin}/api/v1/blog/big`, { headers: bearer() });
    expect((await response.arrayBuffer()).byteLength).toBe(64 * 64 * 1024);
  });

  test("large bodies go through whole", async () => {
    const body = "z".repeat(300_000);
    const { status, json } = await call("/api/v1/blog/upload", { method: "POST", headers: bearer(), body });
    expect([status, json.error]).toEqual([200, undefined]);
    expect(json.body).toBe(body);
  });

  test("a cached answer is given again, with its tag, and headers as the route declares", async () => {
    const before = counted;
    const first = await call("/api/v1/blog/cached");
    const second = await call("/api/v1/blog/cached");
    expect(counted - before).toBe(1);
    expect(second.headers.get("age")).toBe("0");
    expect(second.headers.get("x-set")).toBe("1");
    expect(second.headers.get("x-type")).toBe("application/json");
    expect(first.headers.get("x-powered-by")).toBeNull();
    const etag = second.headers.get("etag") ?? "";
    const third = await call("/api/v1/blog/cached", { headers: { "if-none-match": etag } });
    expect(third.status).toBe(304);
    await call("/api/v1/blog/cached", { headers: bearer(accessToken("user_c")) });
    expect(counted - before).toBe(2);
  });

  test("pages of known origins may call", async () => {
    const preflight = await call("/api/v1/blog/posts", {
      method: "OPTIONS",
      headers: {
        origin: "https://shop.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe("https://shop.example");
    expect(preflight.headers.get("access-control-allow-headers")).toBe("authorization");
    const foreign = await call("/api/v1/blog/public/1", { headers: { origin: "https://evil.example" } });
    expect(foreign.headers.get("access-control-allow-origin")).toBeNull();
  });

  test("its own pages", async () => {
    expect((await call("/healthz")).status).toBe(200);
    expect((await call("/ready")).status).toBe(200);
    expect((await fetch(`${plinth.origin}/docs`)).headers.get("content-type")).toContain("text/html");
    const metrics = await (await fetch(`${plinth.origin}/metrics`)).text();
    expect(metrics).toContain('route="/api/v1/blog/**"');
  });

  test("maintenance refuses all but the probes, and ends without a restart", async () => {
    const config = {
      addressLimit: { requests: 1000, per: "1m" },
      userLimit: { requests: 1000, per: "1m" },
      cors: { origins: [] },
      trustedProxies: [],
    };
    plinth.gateway.configure({ ...config, maintenance: true });
    const { status, headers, json } = await call("/api/v1/blog/public/1");
    expect([status, json.error.details.reason, headers.get("retry-after")]).toEqual([503, "MAINTENANCE", "60"]);
    expect((await call("/healthz")).status).toBe(200);
    plinth.gateway.configure({ ...config, maintenance: false });
    expect((await call("/api/v1/blog/public/1")).status).toBe(200);
  });
});
