import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { formatProblem, parseModules, resolve } from "@plinth/module";
import { parseAllDocuments, stringify } from "yaml";

const ROOT = join(import.meta.dirname, "../..");
const SAMPLES = join(ROOT, "k8s/samples");
const samples = readdirSync(SAMPLES).map((name): [string, string] => [name, readFileSync(join(SAMPLES, name), "utf8")]);

/** A sample may bring other objects along; the modules among them are read as `kubectl apply` would send them. */
const modulesOf = (text: string): string =>
  parseAllDocuments(text)
    .map((document) => document.toJSON() as { kind: string })
    .filter(({ kind }) => kind === "Module")
    .map((module) => stringify(module))
    .join("---\n");

describe.each(samples)("%s", (name, text) => {
  test("says at its top what it shows", () => {
    expect(text).toMatch(/^# [A-Z]/);
  });

  test("is a module without a problem", () => {
    const { modules, problems } = parseModules(modulesOf(text), name);
    expect(problems.map(formatProblem)).toEqual([]);
    expect(modules).toHaveLength(1);
  });
});

test("all samples can run beside the platform's own modules", () => {
  const services = readdirSync(join(ROOT, "services")).map((name) => readFileSync(join(ROOT, "services", name, "module.yaml"), "utf8"));
  const { modules } = parseModules([...services, ...samples.map(([, text]) => modulesOf(text))].join("---\n"), "all.yaml");
  expect(resolve(modules).rejected).toEqual([]);
});

test("hello is a service in 15 lines", () => {
  expect(readFileSync(join(SAMPLES, "hello.yaml"), "utf8").trimEnd().split("\n")).toHaveLength(15);
});
