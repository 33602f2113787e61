import { expect, test } from "@jest/globals";
import type { KubeObject } from "@plinth/kernel/kube";
import { type ModuleSpec, resolve } from "@plinth/module";
import fc from "fast-check";
import { concernedBy, neededBy, withClaims } from "./concerned-modules.ts";
import { readStanding, type StandingModule } from "./standing-module.ts";

const NAMES = ["a", "b", "c", "d", "e", "a-owner"];
const PATHS = ["/x", "/x/{id}", "/x/**", "/y/*", "/y/z", "/{any}", "/**", "/x:do"];

const aSpec = fc.record<Partial<ModuleSpec>>(
  {
    version: fc.constantFrom("1.0.0", "2.0.0"),
    dependencies: fc.uniqueArray(
      fc.record({ module: fc.constantFrom(...NAMES), optional: fc.boolean(), version: fc.constantFrom("^1.0.0", "^2.0.0") }),
      { maxLength: 3, selector: ({ module }) => module },
    ),
    routes: fc.array(fc.record({ path: fc.constantFrom(...PATHS) }), { maxLength: 2 }),
    roles: fc.uniqueArray(fc.record({ name: fc.constantFrom("one", "two"), permissions: fc.constantFrom(["a.b.c"], ["b.*"], []) }), {
      maxLength: 2,
      selector: ({ name }) => name,
    }),
    database: fc.record({ schema: fc.constantFrom("one", "two") }),
    events: fc.record({
      publishes: fc.constantFrom([], [{ topic: "platform.x", types: ["platform.x.y"] }]),
      subscribes: fc.constantFrom([], [{ topic: "platform.x", types: ["platform.x.y"] }]),
    }),
    permissions: fc.constantFrom([], [{ code: "a.b.c" }]),
  },
  { requiredKeys: ["version"] },
);

function aModule(name: string, spec: Partial<ModuleSpec>): KubeObject {
  return { apiVersion: "plinth.dev/v1alpha1", kind: "Module", metadata: { name, creationTimestamp: "2026-01-01T00:00:00Z" }, spec };
}

test("leaves out nobody who matters: the verdict is the same with those alone", () => {
  fc.assert(
    fc.property(aSpec, fc.array(aSpec, { minLength: 5, maxLength: 5 }), (spec, specs) => {
      const applied = specs.flatMap((other, index) => readStanding(aModule(NAMES[index + 1] ?? "", other)) ?? []);
      // Those that are refused have no claims; here they were never applied.
      const refused = new Set(resolve(applied.map(({ module }) => withClaims(module, true))).rejected.map((group) => group.module));
      const standing = applied.filter(({ name }) => !refused.has(name));
      const module = readStanding(aModule("a", spec))?.module;
      if (module === undefined) throw new Error("A module for tests is wrong itself.");
      const verdictAmong = (set: readonly StandingModule[]): unknown => {
        const { rejected, waiting, warnings } = resolve([module, ...set.map((other) => other.module)], {
          running: new Map(set.map(({ name }) => [name, "1.0.0"])),
        });
        return [...[...rejected, ...waiting].flatMap(({ problems }) => problems), ...warnings]
          .filter((problem) => problem.module === "a")
          .map(({ reason, path, message }) => ({ reason, path, message }));
      };
      const needed = neededBy(module, standing);
      const all = standing.map((other) => ({ ...other, module: withClaims(other.module, needed.has(other.name)) }));
      expect(verdictAmong(concernedBy(module, standing))).toEqual(verdictAmong(all));
    }),
    { numRuns: 500 },
  );
});

test("leaves out those that have nothing to do with it", () => {
  const standing = [
    aModule("b", { version: "1.0.0", routes: [{ path: "/api/v1/b/**" }] }),
    aModule("c", { version: "1.0.0", dependencies: [{ module: "d" }] }),
    aModule("d", { version: "1.0.0" }),
    aModule("e", { version: "1.0.0", routes: [{ path: "/api/{version}/other" }] }),
  ].flatMap((other) => readStanding(other) ?? []);
  const module = readStanding(
    aModule("a", { version: "1.0.0", routes: [{ path: "/api/v1/a/**" }], dependencies: [{ module: "c" }] }),
  )?.module;
  if (module === undefined) throw new Error("unreadable");
  expect(concernedBy(module, standing).map(({ name }) => name)).toEqual(["c", "d", "e"]);
});
