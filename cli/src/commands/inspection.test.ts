import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { plinth } from "../../test/plinth.ts";

const MODULES = {
  catalog: `
  version: 1.2.0
  ports: {http: 8101, grpc: 9101}
  permissions: [{code: catalog.item.change, description: Change items}]
  roles: [{name: catalog-keeper, permissions: [catalog.item.*]}]
  routes:
    - {path: /api/v1/catalog/**, methods: [GET], auth: public, rateLimit: {requests: 60, per: 1m}, timeout: 2s}
    - {path: /api/v1/catalog/**, methods: [PUT], permission: catalog.item.change}`,
  pricing: `
  version: 2.0.0
  ports: {http: 8102, grpc: 9102}
  dependencies: [{module: catalog, version: ^1.0.0}, {module: rates, version: "*", optional: true}]
  calls: [{to: catalog, methods: [plinth.catalog.v1.CatalogService/GetItem], rateLimit: 100, timeout: 1s}]`,
  order: `
  version: 1.0.0
  dependencies: [{module: payment, version: ^1.0.0}]`,
};

let project: string;
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "plinth-inspect-"));
  for (const [name, spec] of Object.entries(MODULES)) {
    mkdirSync(join(project, "services", name), { recursive: true });
    const file = `apiVersion: plinth.dev/v1alpha1\nkind: Module\nmetadata: {name: ${name}}\nspec:${spec}\n`;
    writeFileSync(join(project, "services", name, "module.yaml"), file);
  }
});
afterAll(() => rmSync(project, { recursive: true }));

async function output(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await plinth(args, { cwd: join(project, "services", "order") });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

describe("from below its project, plinth", () => {
  test("modules tells what the files say where nothing runs", async () => {
    const rows = JSON.parse(await output("modules", "--json")) as unknown[];
    const idle = { instances: 0, health: "not running" };
    expect(rows).toEqual([
      { module: "catalog", version: "1.2.0", phase: "Validated", http: 8101, grpc: 9101, ...idle, reasons: [] },
      { module: "order", version: "1.0.0", phase: "Rejected", ...idle, reasons: ["DependencyMissing"] },
      { module: "pricing", version: "2.0.0", phase: "Validated", http: 8102, grpc: 9102, ...idle, reasons: [] },
    ]);
    expect(await output("modules")).toMatch(/^order +1\.0\.0 +Rejected +0 +not running +DependencyMissing$/m);
  });

  test("matrix tells who may call whom", async () => {
    expect(await output("matrix")).toBe(
      [
        "FROM     TO       RPC METHODS             ENDPOINTS           RATE   TIMEOUT",
        "gateway  catalog  all                     /api/v1/catalog/**",
        "pricing  catalog  CatalogService/GetItem                      100/s  1s",
        "",
      ].join("\n"),
    );
  });

  test("routes tells what a caller needs", async () => {
    expect(await output("routes")).toBe(
      [
        "METHODS  PATH                MODULE   NEEDS                LIMIT  TIMEOUT",
        "GET      /api/v1/catalog/**  catalog  nothing              60/1m  2s",
        "PUT      /api/v1/catalog/**  catalog  catalog.item.change",
        "",
      ].join("\n"),
    );
    expect(JSON.parse(await output("routes", "--json"))).toHaveLength(2);
  });

  test("permissions tells what can be granted", async () => {
    const shown = await output("permissions");
    expect(shown).toMatch(/^catalog\.item\.change {2}Change items$/m);
    expect(shown).toMatch(/^catalog-keeper +catalog +catalog\.item\.\*$/m);
    expect(JSON.parse(await output("permissions", "--json"))).toMatchObject({
      permissions: [{ code: "catalog.item.change", module: "catalog" }],
    });
  });

  test("graph shows layers, what is optional, and what is missing", async () => {
    expect(await output("graph")).toMatch(/^1 +payment +missing +order$/m);
    expect(await output("graph")).toMatch(/^2 +pricing +2\.0\.0 +catalog \^1\.0\.0, rates \* \(optional\)$/m);
    const dot = await output("graph", "--format", "dot");
    expect(dot).toContain('"pricing" -> "rates" [label="*", style=dashed];');
    expect(dot).toContain('"payment" [label="payment\\nmissing", style=dashed];');
    const mermaid = await output("graph", "--format", "mermaid");
    expect(mermaid).toMatch(/^flowchart TD\n {2}m0\["catalog 1\.2\.0"\]/);
    expect(mermaid).toContain(" -.-> ");
  });

  test("graph draws a picture in which no two boxes overlap and every arrow leads down", async () => {
    const svg = await output("graph", "--format", "svg");
    const boxes = [...svg.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="(\d+)"/g)].map((found) =>
      found.slice(1).map(Number),
    );
    expect(boxes).toHaveLength(5);
    for (const [index, [x = 0, y = 0, width = 0, height = 0]] of boxes.entries()) {
      for (const [otherX = 0, otherY = 0, otherWidth = 0] of boxes.slice(index + 1)) {
        expect(Math.abs(y - otherY) >= height || x + width <= otherX || otherX + otherWidth <= x).toBe(true);
      }
    }
    const arrows = [...svg.matchAll(/<path d="M[\d.]+ ([\d.]+) [^"]* ([\d.]+)" marker-end/g)];
    expect(arrows).toHaveLength(3);
    for (const [, from, to] of arrows) expect(Number(to)).toBeGreaterThan(Number(from));
    expect(svg.match(/<title>pricing needs rates \*, optionally<\/title>/)).not.toBeNull();
  });
});
