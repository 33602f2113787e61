import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Backend, echo, moduleWith, startBackend, startGateway, type TestGateway } from "./start-gateway.ts";

let backend: Backend;
let plinth: TestGateway;
/** Request lines that reached the module. */
const reached: string[] = [];

beforeAll(async () => {
  backend = await startBackend((request, response) => {
    reached.push(`${request.method} ${request.url}`);
    echo(request, response);
  });
  plinth = await startGateway({
    modules: [
      moduleWith("blog", [
        { path: "/api/v1/blog/**", auth: "public" },
        { path: "/api/v1/blog/admin/**", permission: "blog.post.admin" },
      ]),
    ],
    backends: { blog: { httpPort: backend.port } },
    headTimeoutMs: 300,
  });
});

afterAll(async () => {
  await plinth.gateway.close(1000);
  await backend.close();
});

/** Sends bytes as they are, and answers all that comes back until the other side closes. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(plinth.port, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
  });
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
const request = (lines: string[], body = "") => `${["GET /api/v1/blog/x HTTP/1.1", "host: a", ...lines].join("\r\n")}\r\n\r\n${body}`;

describe("paths that readers could read differently", () => {
  test.each([
    "/api/v1/blog/..%2fadmin/x",
    "/api/v1/blog/x/../admin/x",
    "/api/v1/blog/./admin/x",
    "/api/v1/blog//admin/x",
    "/api/v1/blog/%2e%2e/admin",
    "/api/v1/blog/%2E%2E/admin",
    "/api/v1/blog/x%5cadmin",
    "/api/v1/blog\\admin",
    "/api/v1/blog/%zz",
    "/api/v1/blog/%",
    "/api/v1/blog/%00",
    "/api/v1/blog/%ff",
    "/api/v1/blog/x#y",
    "http://elsewhere/api/v1/blog/x",
    `/api/v1/blog/${"a".repeat(9000)}`,
    "/api/v1/blog/x?a=%zz",
  ])("%.60s is 400", async (path) => {
    const before = reached.length;
    expect(statusOf(await raw(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`))).toBe(400);
    expect(reached).toHaveLength(before);
  });

  test("an encoded letter does not lead around a route's permission", async () => {
    const answer = await raw("GET /api/v1/blog/%61dmin/x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    expect(statusOf(answer)).toBe(401);
  });
});

describe("requests inside requests", () => {
  test.each([
    ["two lengths", request(["content-length: 5", "content-length: 6"], "hello")],
    ["length and chunks", request(["content-length: 5", "transfer-encoding: chunked"], "0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n")],
    ["an unknown transfer encoding", request(["transfer-encoding: xchunked"], "0\r\n\r\n")],
    ["chunked that is not last", request(["transfer-encoding: chunked, identity"], "0\r\n\r\n")],
    ["a space before the colon", request(["transfer-encoding : chunked"], "0\r\n\r\n")],
    ["a folded header", request(["x-a: b", " c: d"])],
    ["a bare line feed", "GET /api/v1/blog/x HTTP/1.1\nhost: a\n\n"],
    ["a broken chunk size", request(["transfer-encoding: chunked"], "5;\n\nhello\r\n0\r\n\r\n")],
    ["a zero byte in a header", request(["x-a: b\0c"])],
    ["two hosts", request(["host: b"])],
    ["no host", "GET /api/v1/blog/x HTTP/1.1\r\n\r\n"],
    ["no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
  ])("%s is refused, and the connection ends", async (_name, bytes) => {
    const answer = await raw(bytes);
    expect(statusOf(answer)).toBe(400);
    expect(reached.some((line) => line.includes("smuggled"))).toBe(false);
  });

  test("a header that asks for another method or path is not passed on", async () => {
    const answer = await raw(request(["x-original-url: /admin", "x-http-method-override: DELETE", "connection: close"]));
    expect(statusOf(answer)).toBe(200);
    expect(answer).not.toContain("x-original-url");
    expect(answer).not.toContain("override");
  });
});

describe("forged headers", () => {
  test("internal ones from outside do not arrive", async () => {
    const forged = [
      "x-service-token: mine",
      "x-service-name: admin",
      "X-Client-Address: 6.6.6.6",
      "x-client-agent: forged",
      "x-deadline-ms: 99999999",
      "x-forwarded-for: 6.6.6.6",
      "x-forwarded-host: evil",
      "forwarded: for=6.6.6.6",
      "x-real-ip: 6.6.6.6",
      "user-agent: plain",
      "connection: close, x-drop-me",
      "x-drop-me: 1",
    ];
    const answer = await raw(request(forged));
    const { headers } = JSON.parse(answer.slice(answer.indexOf("{"))) as { headers: Record<string, string> };
    expect(headers).toMatchObject({
      "x-service-token": "service-token-for-blog",
      "x-client-address": "127.0.0.1",
      "x-client-agent": "plain",
      "x-forwarded-host": "a",
    });
    for (const name of ["x-service-name", "x-forwarded-for", "forwarded", "x-real-ip", "x-drop-me"]) expect(headers[name]).toBeUndefined();
    expect(Number(headers["x-deadline-ms"])).toBeLessThanOrEqual(30_000);
  });

  test("a request id that could break a log line is replaced", async () => {
    const answer = await raw(request(["x-request-id: a b;c", "connection: close"]));
    expect(/x-request-id: ([\w-]+)\r\n/.exec(answer)?.[1]).toHaveLength(36);
  });

  test("a tenant that is none is refused", async () => {
    expect(statusOf(await raw(request(["x-tenant-id: ../other", "connection: close"])))).toBe(400);
  });
});

describe("clients that take more than their share", () => {
  test("headers over 16 KiB are 431", async () => {
    expect(statusOf(await raw(request([`x-big: ${"a".repeat(20_000)}`])))).toBe(431);
  });

  test("a body over the limit is 413 before it is sent", async () => {
    const answer = await raw("POST /api/v1/blog/x HTTP/1.1\r\nhost: a\r\ncontent-length: 999999999\r\n\r\n");
    expect(statusOf(answer)).toBe(413);
    expect(answer.toLowerCase()).toContain("connection: close");
  });

  test("a connection that says nothing is closed", async () => {
    expect(await raw("")).toBe("");
  });

  test("a head that never ends is 408", async () => {
    expect(statusOf(await raw("GET /api/v1/blog/x HTTP/1.1\r\nhost: a\r\nx-slow: "))).toBe(408);
  });
});
