import type { GraphEdge, GraphNode, ModuleGraph } from "../local/module-graph.ts";
import { table } from "./table.ts";

/** A line for each module, in the order in which they start. */
export function graphAsText({ nodes, edges }: ModuleGraph): string {
  const needs = Map.groupBy(edges, ({ from }) => from);
  const neededBy = Map.groupBy(edges, ({ to }) => to);
  return table(
    ["WAVE", "MODULE", "VERSION", "NEEDS", "NEEDED BY"],
    nodes.map(({ name, version, layer }) => [
      String(layer + 1),
      name,
      version ?? "missing",
      (needs.get(name) ?? []).map(({ to, range, optional }) => `${to} ${range}${optional ? " (optional)" : ""}`).join(", "),
      (neededBy.get(name) ?? []).map(({ from }) => from).join(", "),
    ]),
  );
}

/** For Graphviz. */
export function graphAsDot({ nodes, edges }: ModuleGraph): string {
  const node = ({ name, version }: GraphNode): string =>
    `  ${quoted(name)} [label=${quoted(version === undefined ? `${name}\\nmissing` : `${name}\\n${version}`)}${version === undefined ? ", style=dashed" : ""}];`;
  const edge = ({ from, to, range, optional }: GraphEdge): string =>
    `  ${quoted(from)} -> ${quoted(to)} [label=${quoted(range)}${optional ? ", style=dashed" : ""}];`;
  return ["digraph modules {", "  node [shape=box];", ...nodes.map(node), ...edges.map(edge), "}"].join("\n");
}

/** For Markdown pages: GitHub and others draw it. */
export function graphAsMermaid({ nodes, edges }: ModuleGraph): string {
  const ids = new Map(nodes.map(({ name }, index) => [name, `m${index}`]));
  const node = ({ name, version }: GraphNode): string => `  ${ids.get(name)}["${name} ${version ?? "missing"}"]`;
  const edge = ({ from, to, optional }: GraphEdge): string => `  ${ids.get(from)} ${optional ? "-.->" : "-->"} ${ids.get(to)}`;
  return ["flowchart TD", ...nodes.map(node), ...edges.map(edge)].join("\n");
}

/** Names and ranges of modules hold no quotes; those of broken files may. */
function quoted(text: string): string {
  return `"${text.replaceAll('"', '\\"')}"`;
}
