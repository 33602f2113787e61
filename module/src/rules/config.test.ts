import { expect, test } from "@jest/globals";
import type { Finding } from "../finding.ts";
import { aModule } from "../testing/a-module.ts";
import { checkConfig } from "./config.ts";

function findingsOf(config: Record<string, unknown> | undefined, configSchema: Record<string, unknown>): Finding[] {
  const findings: Finding[] = [];
  checkConfig(aModule("pricing", { configSchema, ...(config !== undefined && { config }) }), (finding) => findings.push(finding));
  return findings;
}

test("without a configuration the schema is held against an empty one", () => {
  expect(findingsOf(undefined, { type: "object" })).toEqual([]);
  expect(findingsOf(undefined, { required: ["currency"] })).toMatchObject([
    { reason: "ConfigInvalid", path: ["spec", "config", "currency"] },
  ]);
});

test("two modules may give their schemas the same $id", () => {
  for (const type of ["number", "string"]) {
    const schema = { $id: "https://example.com/config", properties: { rate: { type } } };
    expect(findingsOf({ rate: 1 }, schema).length).toBe(type === "number" ? 0 : 1);
  }
});

test.each([
  { type: "objekt" },
  { $ref: "https://example.com/other.json" },
  { $ref: "#/definitions/none" },
  { properties: { a: { pattern: "(" } } },
  { properties: { a: { pattern: "(?<=x)y" } } },
  { $schema: "https://example.com/none" },
])("%j is no schema that can be used", (schema) => {
  expect(findingsOf({ a: "x" }, schema)).toMatchObject([{ reason: "ConfigInvalid", path: ["spec", "configSchema"] }]);
});

test("a schema that refers to itself without end is refused", () => {
  expect(findingsOf({}, { $ref: "#" }).length).toBe(1);
});

test("a pattern that would keep a backtracking engine busy for ages does not", () => {
  const findings = findingsOf({ a: `${"a".repeat(50_000)}!` }, { properties: { a: { type: "string", pattern: "^(a+)+$" } } });
  expect(findings).toMatchObject([{ path: ["spec", "config", "a"] }]);
});
