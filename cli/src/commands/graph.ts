import { moduleGraph } from "../local/module-graph.ts";
import { readModules } from "../local/read-modules.ts";
import { graphAsSvg } from "../output/graph-svg.ts";
import { graphAsDot, graphAsMermaid, graphAsText } from "../output/graph-text.ts";
import { print } from "../output/print-list.ts";
import { findProject } from "../project.ts";

export const GRAPH_FORMATS = { text: graphAsText, dot: graphAsDot, mermaid: graphAsMermaid, svg: graphAsSvg };

/** Shows which module needs which, also of those that cannot start. */
export function graph({ format }: { readonly format: keyof typeof GRAPH_FORMATS }): void {
  print(GRAPH_FORMATS[format](moduleGraph(readModules(findProject()).all)));
}
