import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import type { KubeObject } from "@plinth/kernel/kube";
import { checkModule } from "@plinth/module";
import { parseAllDocuments, stringify } from "yaml";
import { buildGoldenCase, GOLDEN_CASES, readCaseModule, TESTDATA } from "./golden-cases.ts";

/** Set to write the files anew; then read what changed in them. */
const IS_UPDATE = process.env.UPDATE_GOLDEN === "1";

describe.each(GOLDEN_CASES)("$name: $shows", (golden) => {
  const file = join(TESTDATA, `${golden.name}.yaml`);
  const children = buildGoldenCase(golden);

  test("the module is one that is accepted", () => {
    expect(checkModule(readCaseModule(golden.name)).problems).toEqual([]);
  });

  test("gives exactly these children, in this order", () => {
    if (IS_UPDATE)
      writeFileSync(file, children.map((child) => stringify(child, { lineWidth: 0, aliasDuplicateObjects: false })).join("---\n"));
    expect(children).toEqual(parseAllDocuments(readFileSync(file, "utf8")).map((document) => document.toJS()));
  });

  test("nothing in them is undefined: what is sent is what is compared", () => {
    expect(findUndefined(children)).toEqual([]);
  });

  test("each is the module's own, by label, owner and name, and no two are one object", () => {
    for (const { metadata } of children) {
      expect(metadata.labels).toMatchObject({ "app.kubernetes.io/managed-by": "plinth-operator", "plinth.dev/module": expect.any(String) });
      expect(metadata.ownerReferences).toEqual([expect.objectContaining({ kind: "Module", controller: true })]);
      expect(metadata.name.length).toBeLessThanOrEqual(63);
    }
    const names = children.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  });

  test("is the same when it is built again", () => {
    expect(JSON.stringify(buildGoldenCase(golden))).toBe(JSON.stringify(children));
  });
});

test("each file in testdata belongs to a case", () => {
  const names = readdirSync(TESTDATA).map((file) => file.replace(/(\.module)?\.yaml$/, ""));
  expect([...new Set(names)].sort()).toEqual(GOLDEN_CASES.map(({ name }) => name).sort());
});

function findUndefined(value: unknown, path = ""): string[] {
  if (value === undefined) return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value as KubeObject).flatMap(([key, child]) => findUndefined(child, `${path}/${key}`));
}
