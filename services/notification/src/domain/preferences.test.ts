import { expect, test } from "@jest/globals";
import { type ChannelPreference, NO_PREFERENCES, wants } from "./preferences.ts";

const wanted = (channels: ChannelPreference[], category: string) => wants({ ...NO_PREFERENCES, channels }, category, "email");
const rule = (category: string, channel: ChannelPreference["channel"], enabled: boolean): ChannelPreference => ({
  category,
  channel,
  enabled,
});

test("who has said nothing gets everything", () => {
  expect(wanted([], "news")).toBe(true);
});

test("the narrowest rule decides, whatever the order", () => {
  const rules = [rule("*", undefined, false), rule("*", "email", true), rule("news", undefined, false), rule("news", "email", true)];
  for (const [count, expected] of [
    [1, false],
    [2, true],
    [3, false],
    [4, true],
  ] as const) {
    const some = rules.slice(0, count);
    expect(wanted(some, "news")).toBe(expected);
    expect(wanted(some.toReversed(), "news")).toBe(expected);
  }
  expect(wanted([rule("*", "webhook", false)], "news")).toBe(true);
});

test("messages about security are wanted always", () => {
  expect(wanted([rule("*", undefined, false), rule("security", undefined, false)], "security")).toBe(true);
});
