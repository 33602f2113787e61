import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parseModules } from "@plinth/module";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { chartFiles } from "./chart-files.ts";
import { documentedValues } from "./documented-values.ts";

const CHART = join(import.meta.dirname, "../../charts/plinth");
const read = (name: string): string => readFileSync(join(CHART, name), "utf8");
const files = chartFiles({ values: read("values.yaml"), readme: read("README.md") });

test.each([...files.keys()])("%s is what scripts/generate-chart.ts writes", (name) => {
  expect(read(name)).toBe(files.get(name));
});

describe("values.schema.json", () => {
  const check = new Ajv({ allErrors: true, allowUnionTypes: true, strict: false }).compile(parse(read("values.schema.json")));
  const errors = (values: unknown): string[] => {
    check(values);
    return (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };

  test.each(readdirSync(CHART).filter((name) => /^values.*\.yaml$/.test(name)))("takes %s", (name) => {
    expect(errors(parse(read(name)))).toEqual([]);
  });

  test("refuses a name that does not exist, at any depth", () => {
    expect(errors({ operator: { replcas: 3 }, modules: { blog: { replica: 2, strategy: { maxUnvailable: 1 } } } })).toHaveLength(3);
  });

  test("takes any part of a module's spec as an overlay", () => {
    expect(errors({ modules: { blog: { enabled: false }, auth: { autoscaling: { max: 9 }, annotations: { a: "b" } } } })).toEqual([]);
  });
});

test("a value without a comment cannot be forgotten", () => {
  expect(() => documentedValues("# A group of its own.\nouter:\n  inner: 1\nother:\n  forgotten: true\n")).toThrow(/other.forgotten/);
});

test("the example of the README is a module", () => {
  const [, example = ""] = /modules:\n {2}blog:[\s\S]*?\n {2}hello:[^\n]*\n([\s\S]*?)```/.exec(read("README.md")) ?? [];
  const spec: unknown = parse(example);
  const module = { apiVersion: "plinth.dev/v1alpha1", kind: "Module", metadata: { name: "hello" }, spec };
  expect(parseModules(JSON.stringify(module), "README.md").problems).toEqual([]);
});
