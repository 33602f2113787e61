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
  /** From the upper box's lower edge to the lower box's upper edge, by way of gaps in the layers between. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
}

/** What takes up room in a layer: a box, or a line that passes through it. */
interface Place {
  readonly node: GraphNode | undefined;
  readonly row: number;
  readonly width: number;
  /** Places in the layers above and below that a line leads to. */
  readonly ties: Place[];
  x: number;
  order: number;
}

const BOX_HEIGHT = 44;
const CHARACTER_WIDTH = 8.5;
const PADDING = 28;
const GAP_X = 28;
const GAP_Y = 64;
const MARGIN = 24;
/** Room for a line that passes a layer. */
const GAP_FOR_LINE = 6;
/** After a few rounds the order hardly changes any more. */
const SWEEPS = 8;

/** Layers from top (needs others) to bottom (needs nobody); within a layer neighbours stand near those they are tied to. */
export function layOut({ nodes, edges }: ModuleGraph): Layout {
  const highest = Math.max(0, ...nodes.map(({ layer }) => layer));
  const rows: Place[][] = Array.from({ length: highest + 1 }, () => []);
  const add = (row: number, node: GraphNode | undefined): Place => {
    const place = { node, row, width: node === undefined ? GAP_FOR_LINE : boxWidth(node), ties: [], x: 0, order: 0 };
    rows[row]?.push(place);
    return place;
  };
  const placeOf = new Map(nodes.map((node) => [node.name, add(highest - node.layer, node)]));
  const routes = edges.flatMap((edge) => {
    const [from, to] = [placeOf.get(edge.from), placeOf.get(edge.to)];
    if (from === undefined || to === undefined) return [];
    const way: Place[] = [from];
    for (let row = from.row + 1; row < to.row; row++) way.push(add(row, undefined));
    way.push(to);
    for (const [index, place] of way.entries()) {
      const next = way[index + 1];
      if (next === undefined) break;
      place.ties.push(next);
      next.ties.push(place);
    }
    return [{ edge, way }];
  });
  untangle(rows);
  const widest = spread(rows);

  const middle = (row: number): number => MARGIN + BOX_HEIGHT / 2 + row * (BOX_HEIGHT + GAP_Y);
  const boxes = [...placeOf.values()].flatMap(({ node, row, x, width }): Box[] =>
    node === undefined ? [] : [{ node, x, y: middle(row), width, height: BOX_HEIGHT }],
  );
  const lines = routes.map(({ edge, way }): Line => {
    const points = way.flatMap(({ node, row, x }, index) => {
      const y = middle(row);
      if (node === undefined)
        return [
          { x, y: y - BOX_HEIGHT / 2 },
          { x, y: y + BOX_HEIGHT / 2 },
        ];
      return [{ x, y: index === 0 ? y + BOX_HEIGHT / 2 : y - BOX_HEIGHT / 2 }];
    });
    return { edge, points };
  });
  return { width: widest + 2 * MARGIN, height: rows.length * (BOX_HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN, boxes, lines };
}

/** Orders each row by the mean place of its neighbours, to and fro, so that fewer lines cross. */
function untangle(rows: Place[][]): void {
  const number = (row: Place[]): void => {
    for (const [index, place] of row.entries()) place.order = (index + 0.5) / row.length;
  };
  rows.forEach(number);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const row of sweep % 2 === 0 ? rows : [...rows].reverse()) {
      const wanted = new Map(row.map((place) => [place, mean(place.ties.map(({ order }) => order)) ?? place.order]));
      row.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
      number(row);
    }
  }
}

/** Gives each place its x, every row in the middle of the widest; answers the width of that one. */
function spread(rows: readonly Place[][]): number {
  const widths = rows.map((row) => row.reduce((sum, { width }) => sum + width + GAP_X, -GAP_X));
  const widest = Math.max(0, ...widths);
  for (const [index, row] of rows.entries()) {
    let left = MARGIN + (widest - (widths[index] ?? 0)) / 2;
    for (const place of row) {
      place.x = left + place.width / 2;
      left += place.width + GAP_X;
    }
  }
  return widest;
}

function mean(numbers: readonly number[]): number | undefined {
  return numbers.length === 0 ? undefined : numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

function boxWidth({ name, version = "missing" }: GraphNode): number {
  return Math.max(name.length, version.length) * CHARACTER_WIDTH + PADDING;
}
