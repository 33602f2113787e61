import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { anyText } from "../arbitraries/any-text.ts";
import { createLineSplitter } from "./line-splitter.ts";

test("gives the same lines wherever the stream is cut", () => {
  const line = anyText().map((text) => text.replaceAll("\n", " "));
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat({ max: 40 })), (lines, cuts) => {
      const stream = Buffer.from(lines.map((text) => `${text}\n`).join(""));
      const got: string[] = [];
      const splitter = createLineSplitter((text) => got.push(text));
      let from = 0;
      for (const length of cuts) {
        splitter.push(stream.subarray(from, from + length));
        from += length;
      }
      splitter.push(stream.subarray(from));
      expect(got).toEqual(lines.filter((text) => text !== ""));
      expect(splitter.pendingBytes).toBe(0);
    }),
  );
});

test("tells what has not ended, and gives up on what never ends", () => {
  const got: string[] = [];
  const splitter = createLineSplitter((text) => got.push(text));
  splitter.push(Buffer.from('{"a":1}\n{"b"'));
  expect(got).toEqual(['{"a":1}']);
  expect(splitter.pendingBytes).toBe(4);
  const much = Buffer.alloc(8 * 1024 * 1024, "x");
  expect(() => {
    for (let count = 0; count < 10; count++) splitter.push(much);
  }).toThrow("longer than");
});
