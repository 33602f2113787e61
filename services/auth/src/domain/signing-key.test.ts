import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "@jest/globals";
import { firstKey, SCHEDULE_LEAD_MS, type SigningKey, scheduledKey, signerOf } from "./signing-key.ts";

const DAY = 86_400_000;
const NOW = new Date("2026-06-01T00:00:00Z");
const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const aKey = (kid: string, signsInMs: number, expiresInMs: number | null = null): SigningKey => ({
  kid,
  ...pair,
  signsFrom: new Date(NOW.getTime() + signsInMs),
  expiresAt: expiresInMs === null ? null : new Date(NOW.getTime() + expiresInMs),
});

test("the newest key that may sign already signs", () => {
  const keys = [aKey("old", -2 * DAY, DAY), aKey("present", -DAY, 2 * DAY), aKey("next", 1)];
  expect(signerOf(keys, NOW)?.kid).toBe("present");
  expect(signerOf(keys, new Date(NOW.getTime() + 1))?.kid).toBe("next");
  expect(signerOf([aKey("next", 1)], NOW)).toBeUndefined();
  expect(signerOf([], NOW)).toBeUndefined();
});

test("there is a first key at once, and only one", () => {
  expect(firstKey([], NOW)).toEqual({ signsFrom: NOW });
  expect(firstKey([aKey("one", 0)], NOW)).toBeUndefined();
  expect(firstKey([aKey("ending", -DAY, DAY)], NOW)).toEqual({ signsFrom: NOW });
});

test("by schedule a key is replaced at its age, by one that is published long before it signs", () => {
  expect(scheduledKey([aKey("young", -29 * DAY)], 30 * DAY, NOW)).toBeUndefined();
  const planned = scheduledKey([aKey("old", -30 * DAY)], 30 * DAY, NOW);
  expect(planned?.signsFrom.getTime()).toBe(NOW.getTime() + SCHEDULE_LEAD_MS);
  expect(scheduledKey([aKey("old", -30 * DAY, DAY), aKey("next", SCHEDULE_LEAD_MS)], 30 * DAY, NOW)).toBeUndefined();
});
