import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parseModuleFiles } from "@plinth/module";
import { runPolicyTests } from "./run-policy-tests.ts";

const services = join(import.meta.dirname, "../../..");
const files = readdirSync(services).map((name) => ({ file: name, text: readFileSync(join(services, name, "module.yaml"), "utf8") }));
const { modules } = parseModuleFiles(files);
const folder = join(import.meta.dirname, "../../policy-tests");

describe.each(readdirSync(folder))("policy tests of %s", (name) => {
  const results = runPolicyTests(readFileSync(join(folder, name), "utf8"), modules);

  test.each(results)("$name", ({ problem }) => {
    expect(problem).toBe("");
  });
});

describe("a policy test that fails", () => {
  test("says what decided instead and what was looked at", () => {
    const [result] = runPolicyTests(
      `
roles: {editor: [blog.post.*]}
tests:
  - {name: editors may not delete, user: {id: u, roles: [editor]}, permission: blog.post.delete, expect: deny}`,
      modules,
    );
    expect(result).toEqual({
      name: "editors may not delete",
      passed: false,
      problem: "expected deny, got allow by editor:\n  The role user does not hold it.\n  The role editor allows it by blog.post.*.",
    });
  });

  test("fails as well when another one decides", () => {
    const yaml = "tests: [{name: t, user: {id: u, roles: [platform-admin]}, permission: a.b.c, expect: allow, decided_by: editor}]";
    expect(runPolicyTests(yaml, modules)[0]?.passed).toBe(false);
  });
});

describe("a file that is wrong", () => {
  test.each([
    ["tests: []", "tests must NOT have fewer than 1 items"],
    ["test: []", "the file must NOT have additional properties (test)"],
    [
      "tests: [{name: t, user: {id: u, role: [x]}, permission: a.b.c, expect: allow}]",
      "tests.0.user must NOT have additional properties (role)",
    ],
    ["tests: [{name: t, user: {id: u, roles: [ghost]}, permission: a.b.c, expect: allow}]", 'test "t": there is no role ghost'],
    [
      'policies: [{name: p, permission: "*", effect: deny, expression: "resource."}]\ntests: [{name: t, user: {id: u}, permission: a.b.c, expect: deny}]',
      "policy p: expression: line 1, column 9: found .",
    ],
    ["tests: [", "Flow sequence"],
  ])("%s", (yaml, message) => {
    expect(() => runPolicyTests(yaml, modules)).toThrow(message);
  });
});
