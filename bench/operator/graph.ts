import { type Module, resolve } from "@plinth/module";
import { median } from "../measure/rounds.ts";

const MODULES = 2_000;
const DEPENDENCIES = 5;
const TIMES = 21;

/** Milliseconds to decide over 2,000 modules with 10,000 dependencies, routes and topics: the median of many times. */
export function measureGraph(): number {
  const modules = Array.from({ length: MODULES }, (_, index) => aModule(index));
  const times = Array.from({ length: TIMES }, () => {
    const begunAt = performance.now();
    const { order } = resolve(modules);
    if (order.length !== MODULES) throw new Error(`Only ${order.length} modules can start.`);
    return performance.now() - begunAt;
  });
  return median(times);
}

function aModule(index: number): Module {
  const dependencies = new Set(Array.from({ length: DEPENDENCIES }, (_, step) => Math.floor((index * (step + 1)) / (DEPENDENCIES + 1))));
  dependencies.delete(index);
  const name = `module-${index}`;
  return {
    apiVersion: "plinth.dev/v1alpha1",
    kind: "Module",
    metadata: { name, creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: {
      version: "1.0.0",
      ports: { http: 8000 },
      dependencies: [...dependencies].map((needed) => ({ module: `module-${needed}`, version: "^1.0.0" })),
      routes: [{ path: `/api/v1/${name}/**` }],
      events: { publishes: [{ topic: `${name}.thing`, types: [`${name}.thing.changed`] }] },
    },
  };
}
