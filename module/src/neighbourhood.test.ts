import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { callersOf, callMatrix } from "./call-matrix.ts";
import { neighbourhoods } from "./neighbourhood.ts";
import { networkEdges } from "./network-edges.ts";
import { AUDIT_TOPIC, GATEWAY_MODULE } from "./platform.ts";
import type { Module } from "./schema/module.ts";
import { aModule } from "./testing/a-module.ts";
import { topics } from "./topics.ts";

const NAMES = ["a", "b", "c", "d", "e", GATEWAY_MODULE];
const TOPICS = ["a", "b", "c.d", "e"];
const name = fc.constantFrom(...NAMES);
const topic = fc.constantFrom(...TOPICS);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const spec = fc.record({
  ports: optional(fc.constantFrom({ http: 8000 }, { grpc: 9000 }, { http: 8000, grpc: 9000 })),
  routes: optional(fc.constantFrom([], [{ path: "/a" }], [{ path: "/a" }, { path: "/b/{id}", methods: ["GET" as const] }])),
  calls: optional(
    fc.uniqueArray(
      fc.record({
        to: name,
        methods: fc.constantFrom(["x.Y/Z"], ["x.Y/Z", "x.Y/W"]),
        endpoints: fc.constantFrom([], [{ path: "/c" }]),
        timeout: fc.constantFrom("1s", "2s"),
      }),
      { selector: ({ to }) => to, maxLength: 4 },
    ),
  ),
  events: optional(
    fc.record({
      publishes: fc.uniqueArray(fc.record({ topic, types: fc.constantFrom(["t.u"], ["t.v", "t.w"]), partitions: fc.constantFrom(1, 6) }), {
        selector: (entry) => entry.topic,
        maxLength: 3,
      }),
      subscribes: fc.uniqueArray(fc.record({ topic, types: fc.constant(["t.u"]) }), { selector: (entry) => entry.topic, maxLength: 3 }),
    }),
  ),
});

const modules = fc
  .uniqueArray(fc.tuple(name, spec), { selector: ([module]) => module, minLength: 1, maxLength: NAMES.length })
  .map((entries) => entries.map(([module, parts]) => aModule(module, JSON.parse(JSON.stringify(parts)))));

/** What a module asks of a set, for itself. */
function answers(module: string, set: readonly Module[]): object {
  const isAnswered = ({ from, to }: { from: string; to: string }): boolean =>
    to === module || (from === module && module !== GATEWAY_MODULE);
  const own = set.find(({ metadata }) => metadata.name === module)?.spec.events;
  const mine = new Set([AUDIT_TOPIC, ...[...(own?.publishes ?? []), ...(own?.subscribes ?? [])].map((entry) => entry.topic)]);
  return {
    callers: callersOf(module, set),
    calls: callMatrix(set).filter(({ from, to }) => from === module && (module !== GATEWAY_MODULE || to === module)),
    edges: networkEdges(set).filter(isAnswered),
    topics: topics(set)
      .filter((entry) => mine.has(entry.topic))
      .map((entry) => ({ ...entry, consumerGroups: entry.consumerGroups.filter((group) => group.module === module) })),
  };
}

describe("the neighbours of a module", () => {
  test("give it the answers of the whole set", () => {
    fc.assert(
      fc.property(modules, (set) => {
        const neighboursOf = neighbourhoods(set);
        for (const module of set) {
          const near = [module, ...neighboursOf(module)];
          expect(answers(module.metadata.name, near)).toEqual(answers(module.metadata.name, set));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("say nothing that the module does not ask", () => {
    const shop = aModule("shop", { calls: [{ to: "blog", methods: ["x.Y/Z"] }], dependencies: [{ module: "blog" }] });
    const blog = aModule("blog", { version: "3.1.0", ports: { http: 80, grpc: 90 }, routes: [{ path: "/" }], config: { a: 1 } });
    const other = aModule("other", { calls: [{ to: "blog", methods: ["x.Y/Z"] }] });
    const neighboursOf = neighbourhoods([shop, blog, other]);
    expect(neighboursOf(shop)).toEqual([aModule("blog", { version: "0.0.0", ports: { http: 80, grpc: 90 } })]);
    expect(neighboursOf(other)).toEqual(neighboursOf(shop));
    expect(neighboursOf(blog).map(({ metadata }) => metadata.name)).toEqual(["other", "shop"]);
  });
});
