import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import { describe, expect, test } from "@jest/globals";
import { NoteSchema } from "@plinth/proto/testing/v1/echo_pb";
import { OutsideRuleSchema, PatternRuleSchema, PlainRulesSchema } from "@plinth/proto/testing/v1/rules_pb";
import fc from "fast-check";
import { plainRulesOf } from "./plain-rules.ts";

const validator = createValidator();
const surelyValid = plainRulesOf(PlainRulesSchema);

type Fields = Exclude<MessageInitShape<typeof PlainRulesSchema>, { $typeName: string }>;

const GOOD: Fields = {
  name: "name",
  code: "code",
  level: -2,
  size: 0n,
  kind: 1,
  tags: ["a"],
  part: { title: "ab" },
  parts: [{ title: "" }],
};

function verdicts(fields: Partial<Fields>): { quick: boolean | undefined; thorough: boolean } {
  const message = create(PlainRulesSchema, fields as Fields);
  return { quick: surelyValid?.(message), thorough: validator.validate(PlainRulesSchema, message).kind === "valid" };
}

describe("plain rules", () => {
  test("what clearly keeps them is valid at once", () => {
    expect(verdicts(GOOD)).toEqual({ quick: true, thorough: true });
    expect(verdicts({ ...GOOD, nick: "abcde", free: new Uint8Array(9), kind: 0 })).toEqual({ quick: true, thorough: true });
  });

  test.each<[string, Fields]>([
    ["a required text that is empty", { name: "" }],
    ["a text that is too long", { name: "names" }],
    ["a text that is too short", { code: "c" }],
    ["an optional text that is set and too short", { nick: "" }],
    ["a number below its range", { level: -3 }],
    ["a number above its range", { level: 3 }],
    ["a large number below its range", { size: -1n }],
    ["an enum of no known value", { kind: 7 as 1 }],
    ["too few items", { tags: [] }],
    ["too many items", { tags: ["a", "b", "c"] }],
    ["a part that breaks its own rules", { part: { title: "abc" } }],
    ["one of several parts that does", { parts: [{ title: "" }, { title: "abc" }] }],
    ["a required list that is empty", { parts: [] }],
  ])("%s is not", (_name, fields) => {
    expect(verdicts({ ...GOOD, ...fields })).toEqual({ quick: false, thorough: false });
  });

  test.each<[string, (fields: Fields) => void]>([
    ["number", (fields) => delete fields.size],
    ["part", (fields) => delete fields.part],
  ])("neither is a required %s that is missing", (_name, remove) => {
    const fields: Fields = { ...GOOD };
    remove(fields);
    expect(verdicts(fields)).toEqual({ quick: false, thorough: false });
  });

  test("nothing is taken that the validator would refuse", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "é", "😀"), maxLength: 5 });
    const part = fc.record({ title: text });
    const fields = fc.record(
      {
        name: text,
        code: text,
        nick: text,
        level: fc.integer({ min: -3, max: 3 }),
        size: fc.bigInt({ min: -1n, max: 1n }),
        kind: fc.constantFrom(0, 1, 2 as 1),
        tags: fc.array(text, { maxLength: 3 }),
        part,
        parts: fc.array(part, { maxLength: 2 }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fields, (some) => {
        const { quick, thorough } = verdicts({ ...GOOD, ...some });
        expect(quick && !thorough).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  test("a message with any other rule is left to the validator", () => {
    for (const schema of [PatternRuleSchema, OutsideRuleSchema, NoteSchema]) expect(plainRulesOf(schema)).toBeUndefined();
  });
});
