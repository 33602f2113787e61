import { Writable } from "node:stream";
import { describe, expect, test } from "@jest/globals";
import { createManualClock } from "../base/clock.ts";
import { notFound } from "../base/errors.ts";
import { type RequestContext, runInContext } from "../base/request-context.ts";
import { createLogger, type LoggerOptions } from "./create-logger.ts";
import type { LogFields } from "./logger.ts";

class Collector extends Writable {
  text = "";
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
  get lines(): LogFields[] {
    return this.text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as LogFields);
  }
}

function aLogger(options: Partial<LoggerOptions> = {}) {
  const stream = new Collector();
  const clock = createManualClock(Date.UTC(2026, 4, 1, 12, 34, 56, 789));
  const logger = createLogger({ module: "blog", version: "1.2.0", level: "info", format: "json", stream, clock, ...options });
  return { stream, clock, logger };
}

const CONTEXT: RequestContext = {
  requestId: "req_1",
  traceId: "0af7651916cd43dd8448eb211c80319c",
  module: "blog",
  caller: "gateway",
  tenantId: "acme",
  user: { id: "user_1", email: "bob@example.com", roles: [], tenantId: "acme", sessionId: "s", token: "the-token" },
  signal: new AbortController().signal,
};

describe("a JSON line", () => {
  test("carries time, level, message, module, version and its fields", async () => {
    const { logger, stream } = aLogger();
    logger.info("post created", { post_id: "post_1", amount: 12n, when: new Date(0) });
    await logger.close();
    expect(stream.lines).toEqual([
      {
        time: "2026-05-01T12:34:56.789Z",
        level: "info",
        message: "post created",
        module: "blog",
        version: "1.2.0",
        post_id: "post_1",
        amount: "12",
        when: "1970-01-01T00:00:00.000Z",
      },
    ]);
  });

  test("inside a request it says whose, by id and nothing more", async () => {
    const { logger, stream } = aLogger();
    runInContext(CONTEXT, () => logger.info("post created"));
    await logger.close();
    expect(stream.lines[0]).toMatchObject({
      request_id: "req_1",
      trace_id: CONTEXT.traceId,
      user_id: "user_1",
      caller: "gateway",
      tenant_id: "acme",
    });
    expect(stream.text).not.toMatch(/bob@|the-token/);
  });

  test("fields never take the place of the line's own", async () => {
    const { logger, stream } = aLogger();
    logger.info("called", { module: "promotion", message: "other", url: new URL("http://u:hunter2@h/") });
    await logger.close();
    expect(stream.lines[0]).toMatchObject({ message: "called", module: "blog", field_module: "promotion", field_message: "other" });
    expect(stream.lines[0]?.url).toBe("http://u:[redacted]@h/");
  });

  test("children add their fields, and follow the level of the root", async () => {
    const { logger, stream } = aLogger();
    const child = logger.child({ subscriber: "on-post" }).child({ attempt: 2 });
    child.debug("one");
    logger.setLevel("debug");
    child.debug("two");
    logger.setLevel("error");
    child.warn("three");
    child.error("four");
    await logger.close();
    expect(stream.lines).toMatchObject([
      { message: "two", subscriber: "on-post", attempt: 2 },
      { message: "four", subscriber: "on-post", attempt: 2 },
    ]);
    expect(stream.lines).toHaveLength(2);
  });

  test("a line below the level does not even look at its fields", () => {
    const { logger } = aLogger();
    const fields = new Proxy(
      {},
      {
        ownKeys() {
          throw new Error("looked");
        },
      },
    );
    logger.debug("off", fields);
    expect(() => logger.info("on", fields)).toThrow("looked");
  });
});

describe("redaction", () => {
  test("secrets go by the names of their keys, at any depth; addresses are masked", async () => {
    const { logger, stream } = aLogger({ redact: ["address.street", "people.*.age"] });
    logger.info("login", {
      password: "hunter2",
      headers: { Authorization: "Bearer abcdef", Cookie: "sid=1", accept: "*/*", "x-service-token": ["secret-1"] },
      list: [{ refresh_token: "secret-2" }],
      email: "bob@example.com",
      address: { street: "Elm 1", city: "Ulm" },
      people: { bob: { age: 42, role: "author" } },
      page_token: "abc",
    });
    logger.child({ api_key: "secret-3" }).info("child");
    await logger.close();
    expect(stream.lines[0]).toMatchObject({
      password: "[redacted]",
      headers: { Authorization: "[redacted]", Cookie: "[redacted]", accept: "*/*", "x-service-token": "[redacted]" },
      list: [{ refresh_token: "[redacted]" }],
      email: "b***@example.com",
      address: { street: "[redacted]", city: "Ulm" },
      people: { bob: { age: "[redacted]", role: "author" } },
      page_token: "abc",
    });
    expect(stream.text).not.toMatch(/hunter2|secret-\d|abcdef/);
  });

  test("recognisable secrets inside messages and errors go too", async () => {
    const { logger, stream } = aLogger();
    logger.error("call with Bearer abcdefghi failed", { error: new Error("postgres://u:hunter2@db refused") });
    await logger.close();
    expect(stream.text).not.toMatch(/abcdefghi|hunter2/);
  });
});

describe("values", () => {
  test("errors keep name, code, stack and causes", async () => {
    const { logger, stream } = aLogger();
    const cause = Object.assign(new Error("connection refused"), { code: "ECONNREFUSED" });
    logger.error("failed", { error: notFound("No such post.", { reason: "POST_NOT_FOUND", metadata: { id: "1" }, cause }) });
    await logger.close();
    expect(stream.lines[0]?.error).toMatchObject({
      name: "PlinthError",
      code: "NOT_FOUND",
      reason: "POST_NOT_FOUND",
      metadata: { id: "1" },
      stack: expect.stringContaining("create-logger.test.ts"),
      cause: { message: "connection refused", code: "ECONNREFUSED", stack: expect.any(String) },
    });
  });

  test("cycles, deep and long values are cut instead of breaking the line", async () => {
    const { logger, stream } = aLogger();
    const loop: Record<string, unknown> = { name: "loop" };
    loop.self = loop;
    logger.info("odd", { loop, list: Array.from({ length: 80 }, (_, index) => index), text: "x".repeat(10_000), bytes: Buffer.alloc(9) });
    await logger.close();
    expect(stream.lines[0]).toMatchObject({ message: "odd", bytes: "[9 bytes]" });
    expect(stream.lines[0]?.list).toHaveLength(51);
    expect(stream.lines[0]?.list).toContain("[30 more]");
    expect(stream.text.length).toBeLessThan(10_000);
  });
});

describe("repeated lines", () => {
  test("are let through up to the limit, and summed up after the second", async () => {
    const { logger, stream, clock } = aLogger({ samplePerSecond: 3 });
    for (let count = 0; count < 10; count++) logger.warn("callee is away", { count });
    logger.warn("another message");
    expect(clock.waiting).toBe(1);
    clock.advance(1000);
    logger.warn("callee is away", { count: 10 });
    await logger.close();
    expect(stream.lines.map(({ message, count }) => [message, count])).toEqual([
      ["callee is away", 0],
      ["callee is away", 1],
      ["callee is away", 2],
      ["another message", undefined],
      ["repeated lines left out", 7],
      ["callee is away", 10],
    ]);
    expect(stream.lines[4]).toMatchObject({ level: "warn", repeated: "callee is away" });
  });
});

test("a line after the end is lost, and nothing else with it", async () => {
  const { logger, stream } = aLogger();
  logger.info("last");
  await logger.close();
  logger.warn("a connection was lost");
  logger.child({ part: "pool" }).error("another one");
  await logger.close();
  expect(stream.lines.map(({ message }) => message)).toEqual(["last"]);
});

describe("a readable line", () => {
  test("has time, level, module, message and fields, and the stack below", async () => {
    const { logger, stream } = aLogger({ format: "readable" });
    logger.info("post created", { post_id: "post_1", title: "Two words" });
    logger.error("failed", { error: new Error("broken", { cause: new Error("root") }) });
    await logger.close();
    const lines = stream.text.split("\n");
    expect(lines[0]).toBe('12:34:56.789 info  blog         post created post_id=post_1 title="Two words"');
    expect(lines[1]).toBe('12:34:56.789 error blog         failed error="broken"');
    expect(lines[2]).toBe("    Error: broken");
    expect(stream.text).toContain("caused by");
    expect(stream.text).not.toContain("\u001b");
  });

  test("is coloured on a terminal", async () => {
    const stream = Object.assign(new Collector(), { isTTY: true });
    const { logger } = aLogger({ format: "readable", stream });
    logger.warn("look");
    await logger.close();
    expect(stream.text).toContain("\u001b[33mwarn");
  });
});
