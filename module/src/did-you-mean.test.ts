import { expect, test } from "@jest/globals";
import { didYouMean } from "./did-you-mean.ts";

test.each([
  ["dependancies", "dependencies"],
  ["prots", "ports"],
  ["PORTS", "ports"],
  ["port", "ports"],
  ["databse", "database"],
])("%s was meant to be %s", (word, meant) => {
  expect(didYouMean(word, ["ports", "database", "dependencies"])).toBe(meant);
});

test.each(["", "x", "kubernetes", "y".repeat(100_000)])("nothing is near %j", (word) => {
  expect(didYouMean(word, ["ports", "database", "dependencies"])).toBeUndefined();
});
