import { expect, test } from "@jest/globals";
import { createManualClock } from "@plinth/kernel/base";
import { isStorable, matchesEtag, varyNames } from "./cache-key.ts";
import { createResponseCache } from "./response-cache.ts";
import type { HeaderRecord } from "./response-headers.ts";

const none = () => undefined;
const language = (value: string) => (name: string) => (name === "accept-language" ? value : undefined);
const answer = (text: string, headers: HeaderRecord = {}) => ({
  headers,
  shown: ["content-type", "text/plain"],
  body: Buffer.from(text),
  ttlMs: 1000,
  vary: [],
});

test("an answer is there until its time is up", () => {
  const clock = createManualClock();
  const cache = createResponseCache(100_000, clock);
  cache.store("k", none, answer("one"));
  expect(cache.find("k", none)?.body.toString()).toBe("one");
  clock.advance(1000);
  expect(cache.find("k", none)).toBeUndefined();
});

test("answers that vary are told apart, also by what only the answer names", () => {
  const cache = createResponseCache(100_000);
  cache.store("k", language("de"), answer("eins", { vary: "Accept-Language" }));
  cache.store("k", language("en"), answer("one", { vary: "Accept-Language" }));
  expect(cache.find("k", language("de"))?.body.toString()).toBe("eins");
  expect(cache.find("k", language("en"))?.body.toString()).toBe("one");
  expect(cache.find("k", language("fr"))).toBeUndefined();
});

test("memory is bounded", () => {
  const cache = createResponseCache(50_000);
  for (let index = 0; index < 100; index++) cache.store(`k${index}`, none, answer("x".repeat(5000)));
  expect(cache.bytes).toBeLessThanOrEqual(50_000);
  expect(cache.find("k99", none)).toBeDefined();
  expect(cache.find("k0", none)).toBeUndefined();
});

test("what must not be shared is not stored", () => {
  expect(isStorable(200, {}, false)).toBe(true);
  expect(isStorable(404, {}, false)).toBe(false);
  expect(isStorable(200, { "set-cookie": ["a=b"] }, true)).toBe(false);
  expect(isStorable(200, { "cache-control": "no-store" }, true)).toBe(false);
  expect(isStorable(200, { "cache-control": "private" }, false)).toBe(false);
  expect(isStorable(200, { "cache-control": "private" }, true)).toBe(true);
  expect(varyNames([], "*")).toBeUndefined();
});

test("tags are compared weakly", () => {
  expect(matchesEtag('W/"a", "b"', '"a"')).toBe(true);
  expect(matchesEtag("*", '"a"')).toBe(true);
  expect(matchesEtag('"c"', '"a"')).toBe(false);
});
