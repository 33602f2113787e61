import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseModules } from "./parse-modules.ts";
import { type Resolution, type ResolveOptions, resolve } from "./resolve.ts";
import type { Module } from "./schema/module.ts";
import { aModule, aModuleText } from "./testing/a-module.ts";

const namesOf = (modules: readonly Module[]): string[] => modules.map((module) => module.metadata.name);
const needing = (name: string, ...needed: string[]): Module => aModule(name, { dependencies: needed.map((module) => ({ module })) });
const reasonsOf = (groups: Resolution["rejected"]): Record<string, string[]> =>
  Object.fromEntries(groups.map(({ module, problems }) => [module, problems.map((problem) => problem.reason)]));

describe("order", () => {
  test("a wave has everything that can start together, by name", () => {
    const { waves } = resolve([
      needing("order", "pricing", "catalog"),
      needing("pricing", "catalog"),
      needing("catalog"),
      needing("audit"),
    ]);
    expect(waves.map(namesOf)).toEqual([["audit", "catalog"], ["pricing"], ["order"]]);
  });

  test("an optional dependency comes first where it can, and is left aside where it would close a circle", () => {
    const optional = (name: string, module: string): Module => aModule(name, { dependencies: [{ module, optional: true }] });
    expect(namesOf(resolve([optional("a", "z"), aModule("z")]).order)).toEqual(["z", "a"]);
    const circle = resolve([optional("a", "b"), needing("b", "a")]);
    expect(namesOf(circle.order)).toEqual(["a", "b"]);
    expect(circle.rejected).toEqual([]);
  });
});

describe("a rejected module", () => {
  test("lets its dependents wait, and theirs, and nobody else", () => {
    const { order, rejected, waiting } = resolve([needing("a", "gone"), needing("b", "a"), needing("c", "b"), aModule("d")]);
    expect(reasonsOf(rejected)).toEqual({ a: ["DependencyMissing"] });
    expect(reasonsOf(waiting)).toEqual({ b: ["DependencyNotRunning"], c: ["DependencyNotRunning"] });
    expect(namesOf(order)).toEqual(["d"]);
  });

  test("claims neither route nor topic nor port", () => {
    const claims = {
      routes: [{ path: "/shop/**" }],
      ports: { http: 8001 },
      events: { publishes: [{ topic: "shop", types: ["shop.opened"] }] },
    };
    const { order, rejected } = resolve([aModule("a", { ...claims, dependencies: [{ module: "gone" }] }), aModule("b", claims)], {
      local: true,
    });
    expect(namesOf(order)).toEqual(["b"]);
    expect(reasonsOf(rejected)).toEqual({ a: ["DependencyMissing", "PortTaken", "TopicConflict", "RouteConflict"] });
  });

  test("keeps its dependents up while its last good version serves", () => {
    const catalog = needing("catalog", "gone");
    const pricing = aModule("pricing", { dependencies: [{ module: "catalog", version: "^1.0.0" }] });
    expect(namesOf(resolve([catalog, pricing], { running: new Map([["catalog", "1.2.0"]]) }).order)).toEqual(["pricing"]);
    expect(reasonsOf(resolve([catalog, pricing], { running: new Map([["catalog", "0.9.0"]]) }).waiting)).toEqual({
      pricing: ["DependencyNotRunning"],
    });
  });
});

test("what runs keeps what a newcomer claims too", () => {
  const routes = [{ path: "/shop/**" }];
  const modules = [aModule("a", { routes }), aModule("b", { routes })];
  expect(namesOf(resolve(modules).order)).toEqual(["a"]);
  expect(namesOf(resolve(modules, { running: new Map([["b", "1.0.0"]]) }).order)).toEqual(["b"]);
  const older = { ...aModule("c", { routes }), metadata: { name: "c", creationTimestamp: "2026-01-01T00:00:00Z" } };
  const newer = { ...aModule("a", { routes }), metadata: { name: "a", creationTimestamp: "2026-02-01T00:00:00Z" } };
  expect(namesOf(resolve([newer, older]).order)).toEqual(["c"]);
});

test("a module that cannot be read in full is there: all else that is wrong with it is told at once, and its dependents wait", () => {
  const broken = parseModules(
    `${aModuleText("blog", "replicas: many\ndependencies: [{module: gone}]\nevents: {publishes: [{topic: blog, types: [blog.made]}]}")}---\n${aModuleText(
      "search",
      "dependencies: [{module: blog, version: ^3.0.0}]\nevents: {subscribes: [{topic: blog, types: [blog.made]}]}",
    )}`,
    "all.yaml",
  );
  const { rejected, waiting, order } = resolve(broken.modules, broken);
  expect(reasonsOf(rejected)).toEqual({ blog: ["SchemaInvalid", "DependencyMissing"] });
  expect(reasonsOf(waiting)).toEqual({ search: ["DependencyNotRunning"] });
  expect(order).toEqual([]);
});

test("a module whose YAML is broken is there too", () => {
  const parsed = parseModules(
    `${aModuleText("blog", "config: {a: [}")}---\n${aModuleText("search", "dependencies: [{module: blog}]")}`,
    "all.yaml",
  );
  expect(reasonsOf(resolve(parsed.modules, parsed).waiting)).toEqual({ search: ["DependencyNotRunning"] });
});

test("a subscription to a topic of the platform may come to nothing while an optional dependency is not there", () => {
  const events = { subscribes: [{ topic: "platform.user", types: ["platform.user.deleted"] }] };
  expect(reasonsOf(resolve([aModule("blog", { events })]).rejected)).toEqual({ blog: ["SubscriptionUnknown"] });
  const { order, warnings } = resolve([aModule("blog", { events, dependencies: [{ module: "identity", optional: true }] })]);
  expect(namesOf(order)).toEqual(["blog"]);
  expect(warnings.map((problem) => problem.reason)).toEqual(["DependencyMissing", "SubscriptionUnknown"]);
});

test("every module may write to the audit topic undeclared, and audit reads it", () => {
  const audit = aModule("audit", { events: { subscribes: [{ topic: "platform.audit", types: ["platform.audit.recorded"] }] } });
  expect(resolve([audit]).rejected).toEqual([]);
});

// Modules m0…m9 with any dependencies among them and two that are not there.
const anyName = fc.integer({ min: 0, max: 11 }).map((number) => `m${number}`);
const anyModule = fc
  .record({
    name: fc.integer({ min: 0, max: 9 }).map((number) => `m${number}`),
    version: fc.constantFrom("1.0.0", "2.0.0"),
    needs: fc.uniqueArray(fc.record({ module: anyName, optional: fc.boolean(), version: fc.constantFrom("^1.0.0", "*") }), {
      maxLength: 4,
      selector: (dependency) => dependency.module,
    }),
    topic: fc.option(fc.constantFrom("t", "u", "v"), { nil: undefined }),
  })
  .map(({ name, version, needs, topic }) =>
    aModule(name, {
      version,
      dependencies: needs,
      ...(topic !== undefined && { events: { publishes: [{ topic, types: [`${topic}.x`] }] }, routes: [{ path: `/${topic}` }] }),
    }),
  );
const anySet = fc.uniqueArray(anyModule, { maxLength: 10, selector: (module) => module.metadata.name });

describe("for any set of modules", () => {
  test("each is in exactly one place", () => {
    fc.assert(
      fc.property(anySet, (modules) => {
        const { order, rejected, waiting } = resolve(modules);
        expect([...namesOf(order), ...[...rejected, ...waiting].map((group) => group.module)].sort()).toEqual(namesOf(modules).sort());
      }),
    );
  });

  test("a module starts in a later wave than all that it needs", () => {
    fc.assert(
      fc.property(anySet, (modules) => {
        const wave = new Map(
          resolve(modules).waves.flatMap((members, index) => members.map((module) => [module.metadata.name, index] as const)),
        );
        for (const module of modules) {
          const own = wave.get(module.metadata.name);
          if (own === undefined) continue;
          for (const dependency of module.spec.dependencies ?? []) {
            if (dependency.optional !== true) expect(wave.get(dependency.module) ?? Number.POSITIVE_INFINITY).toBeLessThan(own);
          }
        }
      }),
    );
  });

  test("the order in which they come does not matter", () => {
    fc.assert(
      fc.property(
        anySet.chain((modules) => fc.tuple(fc.constant(modules), fc.shuffledSubarray(modules, { minLength: modules.length }))),
        ([modules, shuffled]) => {
          expect(resolve(shuffled)).toEqual(resolve(modules));
        },
      ),
    );
  });

  test("a rejected module takes nothing from the others: without it, if nobody needs it, they stand as before", () => {
    fc.assert(
      fc.property(anySet, (modules) => {
        const before = resolve(modules);
        for (const { module } of before.rejected) {
          if (modules.some((other) => other.spec.dependencies?.some((dependency) => dependency.module === module))) continue;
          const without = resolve(modules.filter((other) => other.metadata.name !== module));
          expect(namesOf(without.order)).toEqual(expect.arrayContaining(namesOf(before.order)));
          expect(namesOf(without.order).length).toBe(before.order.length);
        }
      }),
    );
  });

  test("a module is on a reported circle if and only if it can reach itself", () => {
    fc.assert(
      fc.property(anySet, (modules) => {
        const needs = new Map(modules.map((module) => [module.metadata.name, requiredOf(module)]));
        const found = resolve(modules).rejected.filter(({ problems }) => problems.some((problem) => problem.reason === "DependencyCycle"));
        expect(found.map((group) => group.module)).toEqual(
          namesOf(modules)
            .filter((name) => reaches(needs, name))
            .sort(),
        );
        for (const { module, problems } of found) {
          const message = problems.find((problem) => problem.reason === "DependencyCycle")?.message ?? "";
          const path = message.slice(message.indexOf(": ") + 2).split(" → ");
          expect([path[0], path.at(-1)]).toEqual([module, module]);
          for (const [index, name] of path.slice(0, -1).entries()) expect(needs.get(name)).toContain(path[index + 1]);
        }
      }),
    );
  });
});

const requiredOf = (module: Module): string[] =>
  (module.spec.dependencies ?? []).flatMap((dependency) => (dependency.optional === true ? [] : [dependency.module]));

function reaches(needs: ReadonlyMap<string, string[]>, start: string): boolean {
  const seen = new Set<string>();
  const open = [...(needs.get(start) ?? [])];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === start) return true;
    if (!seen.has(name)) open.push(...(needs.get(name) ?? []));
    seen.add(name);
  }
  return false;
}

describe("sets that would break a recursive or a quadratic algorithm", () => {
  const count = 10_000;
  const set = (needs: (index: number) => number[]): Module[] =>
    Array.from({ length: count }, (_, index) => needing(`m${index}`, ...needs(index).map((target) => `m${target}`)));
  const run = (modules: Module[], options?: ResolveOptions): Resolution => resolve(modules, options);

  test("a chain of 10,000", () => {
    expect(run(set((index) => (index === 0 ? [] : [index - 1]))).waves.length).toBe(count);
  });

  test("a circle of 10,000", () => {
    expect(run(set((index) => [(index + 1) % count])).rejected.length).toBe(count);
  });

  test("a knot of 10,000 with 50,000 edges", () => {
    const knot = set((index) => [...new Set([1, 7, 77, 777, 7777].map((step) => (index + step) % count))]);
    expect(run(knot).rejected.length).toBe(count);
  });

  test("10,000 with 50,000 edges and no circle", () => {
    const layered = set((index) =>
      [...new Set([2, 3, 5, 7, 11].map((divisor) => Math.floor(index / divisor)))].filter((target) => target !== index),
    );
    expect(run(layered).order.length).toBe(count);
  });

  test("10,000 that wait for one", () => {
    expect(run(set((index) => (index === 0 ? [0] : [0]))).waiting.length).toBe(count - 1);
  });

  test("10,000 that claim the same route", () => {
    const modules = Array.from({ length: count }, (_, index) =>
      aModule(`m${index}`, { routes: [{ path: `/${"*/".repeat(index % 5)}end` }] }),
    );
    expect(run(modules).order.length).toBe(5);
  });
});
