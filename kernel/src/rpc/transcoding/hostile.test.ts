import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { anyText } from "../../arbitraries/any-text.ts";
import { type EchoServers, startEchoServers } from "../../testing/echo-servers.ts";

let echo: EchoServers;

beforeAll(async () => {
  echo = await startEchoServers();
});

afterAll(() => echo.servers.stop(1000));

const POSTS = ["/api/v1/echo", "/api/v1/shelves/tt/notes", "/api/v1/notes/7:publish"];

async function post(path: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(echo.httpUrl + path, {
    method: "POST",
    headers: { "x-service-token": "service:gateway", "content-type": "application/json", ...headers },
    body,
  });
  const answer = (await response.json()) as { success: boolean };
  expect(answer.success).toBe(response.ok);
  return response.status;
}

/** Names that fields have, and values of every sort under them. */
const noteLike = fc.dictionary(
  fc.oneof(
    fc.constantFrom("title", "color", "author", "tags", "readers", "labels", "remindAt", "views", "rating", "reply_to", "data", "text"),
    fc.constantFrom("message", "repeat", "__proto__", "constructor", "toString"),
    anyText(),
  ),
  fc.oneof(fc.jsonValue(), fc.constantFrom("NaN", "Infinity", "-0", 1e308, -1, 2 ** 63, "99999999999999999999", "1s", "{}", null)),
);

describe("whatever a client sends to REST, no answer is a failure of ours", () => {
  test("objects with fields of the wrong kind", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...POSTS), noteLike, async (path, body) => {
        expect(await post(path, JSON.stringify(body))).toBeLessThan(500);
      }),
      { numRuns: 300 },
    );
  });

  test("bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...POSTS), fc.uint8Array({ minLength: 1 }), async (path, body) => {
        expect(await post(path, body)).toBeLessThan(500);
      }),
      { numRuns: 100 },
    );
  });

  test("paths and queries", async () => {
    const part = fc.oneof(
      fc.constantFrom("%", "%ff", "%00", "..", "a.b", "page_size", "filter.", "__proto__.x", "=", "&", ":"),
      fc.string().map(encodeURIComponent),
    );
    await fc.assert(
      fc.asyncProperty(part, part, part, async (one, two, three) => {
        for (const path of [`/api/v1/notes?${one}=${two}&${three}`, `/api/v1/echo/${one}?${two}`, `/api/v1/${one}/${two}:${three}`]) {
          const response = await fetch(echo.httpUrl + path, { headers: { "x-service-token": "service:gateway" } });
          await response.arrayBuffer();
          expect(response.status).toBeLessThan(500);
        }
      }),
      { numRuns: 150 },
    );
  });

  test("headers", async () => {
    const value = fc.stringMatching(/^[\x21-\x7e]{0,40}$/);
    const names = [
      "authorization",
      "x-request-id",
      "x-deadline-ms",
      "x-tenant-id",
      "traceparent",
      "idempotency-key",
      "accept",
      "x-client-address",
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), value, async (name, text) => {
        if (name === "x-deadline-ms" && /^\d+$/.test(text)) return;
        expect(await post("/api/v1/echo", '{"message":"x"}', { [name]: text })).toBeLessThan(500);
      }),
      { numRuns: 200 },
    );
  });

  test("a map key that is a trap is a key like any other", async () => {
    const response = await fetch(`${echo.httpUrl}/api/v1/shelves/tt/notes`, {
      method: "POST",
      headers: { "x-service-token": "service:gateway", "content-type": "application/json" },
      body: '{"title":"x","labels":{"__proto__":"a","constructor":"b"}}',
    });
    expect(await response.text()).toContain('"labels":{"__proto__":"a","constructor":"b"}');
    expect(({} as Record<string, unknown>).a).toBeUndefined();
  });
});
