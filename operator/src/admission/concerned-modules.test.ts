import { expect, test } from "@jest/globals";
import type { KubeObject } from "@plinth/kernel/kube";
import type { ModuleSpec } from "@plinth/module";
import fc from "fast-check";
import { concernedBy } from "./concerned-modules.ts";
import { reviewModule } from "./review-module.ts";
import { readStanding } from "./standing-module.ts";

const NAMES = ["a", "b", "c", "d", "e", "f"];
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
      const object = aModule("a", spec);
      const others = specs.map((other, index) => aModule(NAMES[index + 1] ?? "", other));
      const standing = others.flatMap((other) => readStanding(other) ?? []);
      const module = readStanding(object)?.module;
      if (module === undefined) return;
      const names = concernedBy(module, standing).map(({ name }) => name);
      const request = { uid: "u", operation: "CREATE" as const, name: "a", namespace: "shop", object };
      // Those left out, changed into modules that say nothing, change nothing.
      const muted = others.map((other) =>
        names.includes(other.metadata.name) ? other : aModule(other.metadata.name, { version: "9.9.9" }),
      );
      expect(reviewModule(request, () => others)).toEqual(reviewModule(request, () => muted));
    }),
    { numRuns: 2000 },
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
