import type { GraphEdge, GraphNode, ModuleGraph } from "../local/module-graph.ts";

/** Where a box stands; `x` and `y` are its middle, all in pixels. */
export interface Box {
  readonly node: GraphNode;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Line {
  readonly edge: GraphEdge;
  readonly from: Box;
  readonly to: Box;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
}

const BOX_HEIGHT = 44;
const CHARACTER_WIDTH = 8.5;
const PADDING = 28;
const GAP_X = 28;
const GAP_Y = 64;
const MARGIN = 24;
/** After a few rounds the order hardly changes any more. */
const SWEEPS = 8;

/** Layers from top (needs others) to bottom (needs nobody); within a layer neighbours stand near those they are tied to. */
export function layOut({ nodes, edges }: ModuleGraph): Layout {
  const height = Math.max(0, ...nodes.map(({ layer }) => layer)) + 1;
  const layers: GraphNode[][] = Array.from({ length: height }, () => []);
  for (const node of nodes) layers[height - 1 - node.layer]?.push(node);
  untangle(layers, edges);

  const widths = layers.map((layer) => layer.reduce((sum, node) => sum + boxWidth(node) + GAP_X, -GAP_X));
  const widest = Math.max(0, ...widths);
  const boxes = layers.flatMap((layer, row) => {
    let left = MARGIN + (widest - (widths[row] ?? 0)) / 2;
    return layer.map((node): Box => {
      const width = boxWidth(node);
      const box = { node, x: left + width / 2, y: MARGIN + BOX_HEIGHT / 2 + row * (BOX_HEIGHT + GAP_Y), width, height: BOX_HEIGHT };
      left += width + GAP_X;
      return box;
    });
  });
  const byName = new Map(boxes.map((box) => [box.node.name, box]));
  const lines = edges.flatMap((edge): Line[] => {
    const [from, to] = [byName.get(edge.from), byName.get(edge.to)];
    return from === undefined || to === undefined ? [] : [{ edge, from, to }];
  });
  return { width: widest + 2 * MARGIN, height: height * (BOX_HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN, boxes, lines };
}

/** Orders each layer by the mean place of its neighbours, to and fro, so that fewer lines cross. */
function untangle(layers: GraphNode[][], edges: readonly GraphEdge[]): void {
  const neighbours = new Map<string, string[]>();
  for (const { from, to } of edges) {
    neighbours.set(from, [...(neighbours.get(from) ?? []), to]);
    neighbours.set(to, [...(neighbours.get(to) ?? []), from]);
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const places = new Map(layers.flatMap((layer) => layer.map(({ name }, index) => [name, (index + 0.5) / layer.length] as const)));
    for (const layer of sweep % 2 === 0 ? layers : [...layers].reverse()) {
      const wanted = new Map(layer.map(({ name }) => [name, mean(neighbours.get(name) ?? [], places) ?? places.get(name) ?? 0]));
      layer.sort((a, b) => (wanted.get(a.name) ?? 0) - (wanted.get(b.name) ?? 0) || (a.name < b.name ? -1 : 1));
      for (const [index, { name }] of layer.entries()) places.set(name, (index + 0.5) / layer.length);
    }
  }
}

function mean(names: readonly string[], places: ReadonlyMap<string, number>): number | undefined {
  return names.length === 0 ? undefined : names.reduce((sum, name) => sum + (places.get(name) ?? 0), 0) / names.length;
}

function boxWidth({ name, version = "missing" }: GraphNode): number {
  return Math.max(name.length, version.length) * CHARACTER_WIDTH + PADDING;
}
