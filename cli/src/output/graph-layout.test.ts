import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { GraphEdge, GraphNode, ModuleGraph } from "../local/module-graph.ts";
import { layOut } from "./graph-layout.ts";

/** Modules in layers, each needing some of the layers below. */
const graphs: fc.Arbitrary<ModuleGraph> = fc
  .tuple(fc.array(fc.nat(4), { minLength: 1, maxLength: 15 }), fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 30 }))
  .map(([layers, pairs]) => {
    const nodes = layers.map((layer, index): GraphNode => ({ name: `module-${index}`, version: "1.0.0", layer }));
    const edges = pairs.flatMap(([one, other]): GraphEdge[] => {
      const [from, to] = [nodes[one % nodes.length], nodes[other % nodes.length]];
      return from && to && from.layer > to.layer ? [{ from: from.name, to: to.name, range: "*", optional: false }] : [];
    });
    return { nodes, edges };
  });

test("boxes do not overlap, lines lead down, and no line passes behind a box", () => {
  fc.assert(
    fc.property(graphs, (graph) => {
      const { boxes, lines, width, height } = layOut(graph);
      for (const [index, box] of boxes.entries()) {
        expect(box.x - box.width / 2).toBeGreaterThanOrEqual(0);
        expect(box.x + box.width / 2).toBeLessThanOrEqual(width);
        expect(box.y + box.height / 2).toBeLessThanOrEqual(height);
        for (const other of boxes.slice(index + 1)) {
          if (box.y === other.y) expect(Math.abs(box.x - other.x)).toBeGreaterThanOrEqual((box.width + other.width) / 2);
        }
      }
      for (const { points } of lines) {
        for (const [index, { x, y }] of points.entries()) {
          const next = points[index + 1];
          if (next === undefined) continue;
          expect(next.y).toBeGreaterThan(y);
          // Where a line crosses a row it runs straight down, and keeps clear of that row's boxes.
          const crossed = boxes.filter((box) => box.y > y && box.y < next.y);
          for (const box of crossed) {
            expect(next.x).toBe(x);
            expect(Math.abs(box.x - x)).toBeGreaterThan(box.width / 2);
          }
        }
      }
    }),
  );
});
