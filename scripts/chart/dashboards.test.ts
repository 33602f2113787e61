import { globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { collectDefaultMetrics, Registry } from "prom-client";

const ROOT = join(import.meta.dirname, "../..");
const FOLDER = join(ROOT, "charts/plinth/files/dashboards");

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}

/** Metrics that the sources make, by their name, and those of every Node process. */
const known = new Set(["up"]);
for (const file of globSync(["kernel/src/{telemetry,kube}/*.ts", "operator/src/**/*.ts"], { cwd: ROOT })) {
  for (const [, name = ""] of readFileSync(join(ROOT, file), "utf8").matchAll(/\bname: "([a-z_]+)"/g)) known.add(name);
}
const registry = new Registry();
collectDefaultMetrics({ register: registry });
for (const { name } of await registry.getMetricsAsJSON()) known.add(name);

const METRIC = /\b(?:plinth|controller_runtime|workqueue|rest_client|leader_election|process|nodejs)_[a-z0-9_]+/g;

describe.each(readdirSync(FOLDER))("%s", (name) => {
  const { panels } = JSON.parse(readFileSync(join(FOLDER, name), "utf8")) as { panels: Panel[] };

  test("asks only for metrics that there are", () => {
    const asked = panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => expr.match(METRIC) ?? []));
    const missing = asked.filter((metric) => !known.has(metric) && !known.has(metric.replace(/_(bucket|count|sum)$/, "")));
    expect([...new Set(missing)]).toEqual([]);
    expect(asked.length).toBeGreaterThan(20);
  });

  test("lays its panels side by side", () => {
    const cells = new Set<string>();
    for (const { gridPos: at, title } of panels) {
      for (let x = at.x; x < at.x + at.w; x++) {
        for (let y = at.y; y < at.y + at.h; y++) {
          expect([title, x, y, cells.has(`${x} ${y}`)]).toEqual([title, x, y, false]);
          cells.add(`${x} ${y}`);
        }
      }
      expect(at.x + at.w).toBeLessThanOrEqual(24);
    }
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });
});
