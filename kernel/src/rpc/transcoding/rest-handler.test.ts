import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { untilAborted } from "../../testing/echo-handlers.ts";
import { type EchoServers, startEchoServers } from "../../testing/echo-servers.ts";
import { eventually } from "../../testing/eventually.ts";

let echo: EchoServers;

beforeAll(async () => {
  echo = await startEchoServers();
});

afterAll(() => echo.servers.stop(1000));

interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into bodies of any shape
  body: any;
}

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(echo.httpUrl + path, {
    method,
    headers: { "x-service-token": "service:gateway", ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
}

function refusal(answer: Answer) {
  const { code, details } = answer.body.error;
  return { status: answer.status, code, reason: details.reason, fields: details.field_errors };
}

describe("REST", () => {
  test("a body is the message, an answer stands in the envelope", async () => {
    const answer = await call("POST", "/api/v1/echo", { message: "ha", repeat: 2 }, { "x-request-id": "r-77" });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ success: true, data: { message: "haha" }, meta: { request_id: "r-77" } });
    expect(answer.headers.get("x-request-id")).toBe("r-77");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("x-powered-by")).toBeNull();
  });

  test("an additional binding, percent signs and a query", async () => {
    const answer = await call("GET", "/api/v1/echo/gr%C3%BC%C3%9Fe%2F1?repeat=2");
    expect(answer.body.data).toEqual({ message: "grüße/1grüße/1" });
  });

  test("a variable of several segments", async () => {
    expect((await call("GET", "/api/v1/shelves/a%20b/notes/7")).body.data.id).toBe("shelves/a b/notes/7");
  });

  test("a field is the body, another the answer; the handler's status and headers arrive", async () => {
    const note = { title: "A", color: "NOTE_COLOR_RED", author: { display_name: "Ann" }, remindAt: "2026-01-02T03:04:05Z", views: "12" };
    const answer = await call("POST", "/api/v1/shelves/top/notes?dry_run=true", note);
    expect(answer.status).toBe(201);
    expect(answer.headers.get("x-created")).toBe(String(echo.probe.created));
    expect(answer.body.data).toMatchObject({
      title: "A",
      color: "NOTE_COLOR_RED",
      remind_at: "2026-01-02T03:04:05Z",
      views: "12",
      tags: [],
    });
  });

  test("a verb", async () => {
    expect((await call("POST", "/api/v1/notes/7:publish", { reason: "ready" })).body.data).toMatchObject({ id: "7", title: "ready" });
  });

  test("every kind of query parameter", async () => {
    const query = [
      "page_size=3&pageToken=t&colors=NOTE_COLOR_RED&colors=2",
      "filter.title_prefix=a+b&filter.author.displayName=Ann",
      "since=2026-01-02T03:04:05Z&within=1.5s&read_mask=title,remindAt",
      "min_views=0&title=&archived=true&ids=9007199254740993&ids=-1&cursor=AQI%3D&rating=1e-3",
    ].join("&");
    const answer = await call("GET", `/api/v1/notes?${query}`);
    expect(answer.body.data.asked).toEqual({
      page_size: 3,
      page_token: "t",
      colors: ["NOTE_COLOR_RED", "NOTE_COLOR_BLUE"],
      filter: { title_prefix: "a b", author: { display_name: "Ann", email: "" } },
      since: "2026-01-02T03:04:05Z",
      within: "1.500s",
      read_mask: "title,remindAt",
      min_views: 0,
      title: "",
      archived: true,
      ids: ["9007199254740993", "-1"],
      cursor: "AQI=",
      rating: 0.001,
    });
  });

  test("a file is the body as it is, whatever its type says, and the query the rest", async () => {
    const bytes = new Uint8Array([0xff, 0, 0x7b, 0x22, ...Buffer.from("\\u0000")]);
    const answer = await call("POST", "/api/v1/files/a:weigh?gross=true", bytes, { "content-type": "text/csv; charset=latin1" });
    expect(answer.body.data).toEqual({
      content_type: "text/csv; charset=latin1",
      data: Buffer.from(bytes).toString("base64"),
      gross: true,
    });
    const field = await call("POST", "/api/v1/files/a:weigh?file.content_type=x", "");
    expect(refusal(field)).toMatchObject({ status: 422, fields: { "file.content_type": "belongs into the body" } });
    const packed = await call("POST", "/api/v1/files/a:weigh", bytes, { "content-encoding": "br" });
    expect(refusal(packed)).toMatchObject({ status: 415, reason: "UNSUPPORTED_MEDIA_TYPE" });
  });

  test("HEAD answers like GET, without a body", async () => {
    const answer = await call("HEAD", "/api/v1/notes");
    expect(answer.status).toBe(200);
    expect(Number(answer.headers.get("content-length"))).toBeGreaterThan(0);
  });

  test("a large answer is compressed", async () => {
    const answer = await call("POST", "/api/v1/echo", { message: "x".repeat(4000), repeat: 5 }, { "accept-encoding": "gzip" });
    expect(answer.headers.get("content-encoding")).toBe("gzip");
    expect(answer.body.data.message).toHaveLength(20_000);
  });
});

describe("REST refuses", () => {
  test("who may not call", async () => {
    const missing = await call("GET", "/api/v1/notes", undefined, { "x-service-token": "" });
    expect(missing.status).toBe(401);
    expect(missing.headers.get("www-authenticate")).toBe("Bearer");
    expect(refusal(await call("GET", "/api/v1/notes", undefined, { "x-service-token": "service:stranger" }))).toMatchObject({
      status: 403,
      code: "FORBIDDEN",
      reason: "PERMISSION_DENIED",
    });
    expect(refusal(await call("GET", "/api/v1/notes", undefined, { authorization: "Bearer no" }))).toMatchObject({
      reason: "INVALID_TOKEN",
    });
  });

  test("broken rules, by the names that the client wrote", async () => {
    const camel = { title: "", author: { displayName: "" }, tags: ["A1"] };
    expect(refusal(await call("POST", "/api/v1/shelves/t/notes", camel))).toMatchObject({
      status: 422,
      code: "VALIDATION_ERROR",
      fields: {
        title: expect.any(String),
        "author.displayName": expect.any(String),
        "tags[0]": expect.any(String),
        shelf: expect.any(String),
      },
    });
    const snake = { title: "x", author: { display_name: "" } };
    expect(Object.keys(refusal(await call("POST", "/api/v1/shelves/tt/notes", snake)).fields)).toEqual(["author.display_name"]);
    expect(Object.keys(refusal(await call("GET", "/api/v1/notes?pageSize=5000")).fields)).toEqual(["pageSize"]);
  });

  test.each<[string, unknown, string, RegExp]>([
    ["/api/v1/echo", { mesage: "x" }, "mesage", /did you mean message\?/],
    ["/api/v1/echo", { message: 1 }, "message", /expected string/],
    ["/api/v1/echo", { message: "x", repeat: "many" }, "repeat", /expected number/],
    ["/api/v1/echo", { message: "x", repeat: 1e10 }, "repeat", /./],
    ["/api/v1/echo", '{"message":"x","__proto__":{"admin":true}}', "__proto__", /is not a field/],
    ["/api/v1/shelves/tt/notes", { title: "x", author: { email: true } }, "author.email", /expected string/],
    ["/api/v1/shelves/tt/notes", { title: "x", readers: [{}, { displayNam: "" }] }, "readers[1].displayNam", /did you mean display_name/],
    ["/api/v1/shelves/tt/notes", { title: "x", color: "GREEN" }, "color", /./],
    ["/api/v1/shelves/tt/notes", { title: "x", remind_at: "tomorrow" }, "remind_at", /./],
    ["/api/v1/shelves/tt/notes", { title: "x", tags: "a" }, "tags", /./],
    ["/api/v1/shelves/tt/notes", { title: "x", views: "99999999999999999999" }, "views", /./],
    ["/api/v1/shelves/tt/notes", { title: "x", labels: { a: 1 } }, "labels", /./],
    ["/api/v1/shelves/tt/notes", '{"title":"x","rating":1e999}', "rating", /./],
    ["/api/v1/echo", { message: "a\0b" }, "message", /U\+0000/],
    ["/api/v1/shelves/tt/notes", { title: "x", tags: ["a", "\0"] }, "tags[1]", /U\+0000/],
    ["/api/v1/shelves/tt/notes", { title: "x", author: { email: "\0" } }, "author.email", /U\+0000/],
    ["/api/v1/shelves/t%00t/notes", { title: "x" }, "shelf", /U\+0000/],
  ])("%s with %j: names %s", async (path, body, field, problem) => {
    const { status, code, fields } = refusal(await call("POST", path, body));
    expect({ status, code, names: Object.keys(fields) }).toEqual({ status: 422, code: "VALIDATION_ERROR", names: [field] });
    expect(fields[field]).toMatch(problem);
  });

  test.each([
    ["page_sise=1", "page_sise", /did you mean page_size/],
    ["filter.titel_prefix=1", "filter.titel_prefix", /did you mean title_prefix/],
    ["filter=1", "filter", /name one of its fields/],
    ["page_size=1&page_size=2", "page_size", /more than once/],
    ["page_size=1&pageSize=2", "pageSize", /more than once/],
    ["filter.author.displayName=A&filter.author.display_name=B", "filter.author.display_name", /more than once/],
    ["page_size=NaN", "page_size", /./],
    ["archived=maybe", "archived", /./],
    ["colors=PINK", "colors[0]", /./],
    ["since=now", "since", /./],
    ["__proto__=1", "__proto__", /is not a field/],
    ["constructor.prototype=1", "constructor.prototype", /is not a field/],
    ["filter.title_prefix=%00", "filter.title_prefix", /U\+0000/],
  ])("?%s: names %s", async (query, field, problem) => {
    const { status, fields } = refusal(await call("GET", `/api/v1/notes?${query}`));
    expect({ status, names: Object.keys(fields) }).toEqual({ status: 422, names: [field] });
    expect(fields[field]).toMatch(problem);
  });

  test.each([{ message: 31_337 }, { message: ["31337"] }, { message: "x", repeat: "31337x" }, { message: "x", repeat: 31_337.5 }])(
    "%j: the value is not quoted, it may be a secret in the wrong form",
    async (body) => {
      const answer = await call("POST", "/api/v1/echo", body);
      expect(answer.status).toBe(422);
      expect(JSON.stringify(answer.body)).not.toContain("31337");
    },
  );

  test("a query that names what stands in the path: it would be another one than whoever guards the path let through", async () => {
    const { status, fields } = refusal(await call("GET", "/api/v1/echo/mine?message=yours"));
    expect({ status, fields }).toEqual({ status: 422, fields: { message: "stands in the path already" } });
  });

  test("a query where the body holds everything", async () => {
    expect(refusal(await call("POST", "/api/v1/echo?repeat=2", { message: "x" })).fields).toHaveProperty("repeat");
  });

  const deep = (open: string, close: string) => `{"title":"x","reply_to":${open.repeat(50_000)}{}${close.repeat(50_000)}}`;
  test.each<[string, string | Uint8Array]>([
    ["no JSON", "{"],
    ["a list", "[]"],
    ["null", "null"],
    ["text that is not UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)],
    ["half a character", '{"message":"\\ud800"}'],
    ["half a character in a name", '{"\\udc00":"x"}'],
  ])("%s: 400", async (_name, body) => {
    expect(refusal(await call("POST", "/api/v1/echo", body))).toMatchObject({ status: 400, code: "BAD_REQUEST", reason: "MALFORMED_JSON" });
  });

  test.each([
    ["objects", deep('{"reply_to":', "}")],
    ["lists", deep("[", "]")],
    ["notes", `${'{"title":"x","reply_to":'.repeat(200)}{}${"}".repeat(200)}`],
  ])("nesting of %s without end: 4xx", async (_name, body) => {
    const { status } = await call("POST", "/api/v1/shelves/tt/notes", body);
    expect([400, 422]).toContain(status);
  });

  test.each(["/api/v1/echo/%ff", "/api/v1/echo/%", "/api/v1/notes?page_token=%E0%A4%A"])("%s: 400", async (path) => {
    expect(refusal(await call("GET", path))).toMatchObject({ status: 400, reason: "MALFORMED_URL" });
  });

  test("a body that is too large, announced or not", async () => {
    const body = JSON.stringify({ message: "x".repeat(5 * 1024 * 1024) });
    expect(refusal(await call("POST", "/api/v1/echo", body))).toMatchObject({ status: 413, code: "BAD_REQUEST", reason: "BODY_TOO_LARGE" });
    const chunked = await new Promise<number | undefined>((resolve, reject) => {
      const sent = httpRequest(
        `${echo.httpUrl}/api/v1/echo`,
        { method: "POST", headers: { "content-type": "application/json" } },
        (response) => {
          resolve(response.statusCode);
          response.resume();
        },
      );
      sent.on("error", reject);
      // Not ended: the answer comes before the end of the body.
      sent.write(body);
    });
    expect(chunked).toBe(413);
  });

  test("another media type, another encoding", async () => {
    expect((await call("POST", "/api/v1/echo", "<a/>", { "content-type": "text/xml" })).status).toBe(415);
    expect((await call("POST", "/api/v1/echo", "x", { "content-encoding": "gzip" })).status).toBe(415);
  });

  test("an unknown path, an unknown method", async () => {
    expect(refusal(await call("GET", "/api/v1/nothing"))).toMatchObject({ status: 404, code: "NOT_FOUND", reason: "ROUTE_NOT_FOUND" });
    expect(refusal(await call("GET", "/api/v1/notes/7:unknown"))).toMatchObject({ status: 404 });
    const answer = await call("DELETE", "/api/v1/notes");
    expect(refusal(answer)).toMatchObject({ status: 405, code: "BAD_REQUEST", reason: "METHOD_NOT_ALLOWED" });
    expect(answer.headers.get("allow")).toBe("GET, HEAD, OPTIONS");
  });

  test.each([
    ["NOT_FOUND", 404],
    ["RATE_LIMITED", 429],
    ["CONFLICT", 409],
    ["SERVICE_UNAVAILABLE", 503],
  ])("%s as %i", async (code, status) => {
    const answer = await call("POST", "/api/v1/fail", { code });
    expect(answer.status).toBe(status);
    expect(answer.body.error).toMatchObject({ code, details: { reason: "TOLD_TO_FAIL", metadata: { asked: code } } });
    expect(answer.headers.get("retry-after")).toBe(code === "RATE_LIMITED" ? "7" : null);
  });

  test.each(["crash", "INTERNAL_ERROR"])("%s without its words", async (code) => {
    const answer = await call("POST", "/api/v1/fail", { code });
    expect(answer.status).toBe(500);
    expect(JSON.stringify(answer.body)).not.toMatch(/secret|hunter/);
  });

  test("a call whose deadline passes", async () => {
    echo.probe.beforePublish = ({ signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    const answer = await call("POST", "/api/v1/notes/7:publish", {}, { "x-deadline-ms": "30" });
    echo.probe.beforePublish = () => undefined;
    expect(refusal(answer)).toMatchObject({ status: 504, code: "TIMEOUT" });
    expect((await call("GET", "/api/v1/notes", undefined, { "x-deadline-ms": "0" })).status).toBe(504);
  });

  test("a client that leaves aborts its handler", async () => {
    const leaver = new AbortController();
    const aborted = new Promise<void>((resolve) => {
      echo.probe.beforePublish = ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            resolve();
            reject(signal.reason as Error);
          });
          leaver.abort();
        });
    });
    const sent = fetch(`${echo.httpUrl}/api/v1/notes/7:publish`, {
      method: "POST",
      headers: { "x-service-token": "service:gateway" },
      signal: leaver.signal,
    });
    await expect(sent).rejects.toThrow();
    await aborted;
    echo.probe.beforePublish = () => undefined;
  });
});

describe("server streams over REST", () => {
  const stream = (path: string, accept: string) =>
    fetch(echo.httpUrl + path, { headers: { "x-service-token": "service:gateway", accept } });

  test("are lines of JSON", async () => {
    const response = await stream("/api/v1/count/3", "*/*");
    expect(response.headers.get("content-type")).toMatch(/^application\/x-ndjson/);
    const lines = (await response.text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(lines).toEqual([1, 2, 3].map((value) => ({ success: true, data: { value } })));
  });

  test("are events where the client reads those", async () => {
    const response = await stream("/api/v1/count/2?fail_at=2", "text/event-stream");
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
    const [first, second] = (await response.text()).split("\n\n");
    expect(first).toBe('data: {"value":1}');
    expect(second).toMatch(/^event: error\ndata: \{"success":false,.*"reason":"FAIL_AT"/);
  });

  test("fail with a plain answer before their first message", async () => {
    const response = await stream("/api/v1/count/5000", "*/*");
    expect(response.status).toBe(422);
  });

  test("end when the client leaves", async () => {
    const leaver = new AbortController();
    echo.probe.betweenCounts = untilAborted;
    const response = await fetch(`${echo.httpUrl}/api/v1/count/1000`, {
      headers: { "x-service-token": "service:gateway" },
      signal: leaver.signal,
    });
    await response.body?.getReader().read();
    leaver.abort();
    await eventually(() => echo.probe.counting === 0);
    echo.probe.betweenCounts = () => undefined;
  });
});
