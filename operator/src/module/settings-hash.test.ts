import { expect, test } from "@jest/globals";
import { DEFAULT_SETTINGS } from "./settings.ts";
import { settingsHash } from "./settings-hash.ts";

const hash = settingsHash(DEFAULT_SETTINGS, "1.0.0");

test("another setting, image or version of the operator is another hash", () => {
  expect(settingsHash({ ...DEFAULT_SETTINGS, defaultImage: "plinth/services:2" }, "1.0.0")).not.toBe(hash);
  expect(settingsHash({ ...DEFAULT_SETTINGS, development: true }, "1.0.0")).not.toBe(hash);
  expect(settingsHash(DEFAULT_SETTINGS, "1.0.1")).not.toBe(hash);
});

test("what is only the operator's own, and the order of keys, make no difference", () => {
  const own = { ...DEFAULT_SETTINGS, name: "test", concurrency: 3, ports: { metrics: 1, health: 2, webhook: 3 } };
  expect(settingsHash(own, "1.0.0")).toBe(hash);
  expect(settingsHash(Object.fromEntries(Object.entries(DEFAULT_SETTINGS).reverse()) as unknown as typeof DEFAULT_SETTINGS, "1.0.0")).toBe(
    hash,
  );
});
