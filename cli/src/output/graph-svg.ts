import type { ModuleGraph } from "../local/module-graph.ts";
import { type Box, type Line, layOut } from "./graph-layout.ts";

const STYLE = `
  text { font: 13px system-ui, sans-serif; text-anchor: middle; fill: #1f2430; }
  .version { font-size: 11px; fill: #5c6577; }
  rect { fill: #eef2fb; stroke: #5b74b8; }
  path { fill: none; stroke: #8a94a8; stroke-width: 1.4; }
  .missing rect { fill: none; stroke: #b8403a; stroke-dasharray: 4 3; }
  .optional { stroke-dasharray: 5 4; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6e9f0; } .version { fill: #a5aec0; } rect { fill: #222a3d; stroke: #7f97d8; } path { stroke: #7d879b; }
  }`;

/** A picture that needs nothing else: modules as boxes, dependencies as arrows downwards, optional ones dashed. */
export function graphAsSvg(graph: ModuleGraph): string {
  const { width, height, boxes, lines } = layOut(graph);
  const size = `width="${round(width)}" height="${round(height)}" viewBox="0 0 ${round(width)} ${round(height)}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-labelledby="title">`,
    `<title id="title">${graph.nodes.length} modules and what they need</title>`,
    `<style>${STYLE}\n</style>`,
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M1 1 7 4 1 7"/></marker></defs>',
    ...lines.map(drawLine),
    ...boxes.map(drawBox),
    "</svg>",
  ].join("\n");
}

function drawLine({ edge, points }: Line): string {
  const steps = points.map(({ x, y }, index) => {
    const before = points[index - 1];
    if (before === undefined) return `M${round(x)} ${round(y)}`;
    const bend = (before.y + y) / 2;
    // Straight through a gap between boxes, curved from one row to the next.
    return before.x === x
      ? `L${round(x)} ${round(y)}`
      : `C${round(before.x)} ${round(bend)} ${round(x)} ${round(bend)} ${round(x)} ${round(y)}`;
  });
  const title = `${edge.from} needs ${edge.to} ${edge.range}${edge.optional ? ", optionally" : ""}`;
  return `<path d="${steps.join(" ")}" marker-end="url(#tip)"${edge.optional ? ' class="optional"' : ""}><title>${escaped(title)}</title></path>`;
}

function drawBox({ node, x, y, width, height }: Box): string {
  return [
    `<g${node.version === undefined ? ' class="missing"' : ""}>`,
    `<rect x="${round(x - width / 2)}" y="${round(y - height / 2)}" width="${round(width)}" height="${height}" rx="6"/>`,
    `<text x="${round(x)}" y="${round(y - 3)}">${escaped(node.name)}</text>`,
    `<text class="version" x="${round(x)}" y="${round(y + 13)}">${escaped(node.version ?? "missing")}</text>`,
    "</g>",
  ].join("");
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll(/[<>&"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
