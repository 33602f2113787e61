import type { Module } from "@plinth/module";

/** A module, or one that is needed and not there. */
export interface GraphNode {
  readonly name: string;
  readonly version: string | undefined;
  /** Dependencies stand in lower layers; 0 needs nobody. */
  readonly layer: number;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly range: string;
  readonly optional: boolean;
}

/** Who needs whom. */
export interface ModuleGraph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** The graph of a set of modules, whether they can start or not. Nodes by layer and name. */
export function moduleGraph(modules: readonly Module[]): ModuleGraph {
  const versions = new Map(modules.map(({ metadata, spec }) => [metadata.name, spec.version]));
  const edges = modules.flatMap(({ metadata, spec }) =>
    (spec.dependencies ?? []).map(
      ({ module, version, optional }): GraphEdge => ({
        from: metadata.name,
        to: module,
        range: version ?? "*",
        optional: optional === true,
      }),
    ),
  );
  const names = [...new Set([...versions.keys(), ...edges.map(({ to }) => to)])].sort();
  const layers = layersOf(names, edges);
  const nodes = names
    .map((name): GraphNode => ({ name, version: versions.get(name), layer: layers.get(name) ?? 0 }))
    .sort((a, b) => a.layer - b.layer || (a.name < b.name ? -1 : 1));
  return { nodes, edges };
}

/** The longest way down from each node; around a cycle it ends where it would repeat itself. */
function layersOf(names: readonly string[], edges: readonly GraphEdge[]): Map<string, number> {
  const targets = Map.groupBy(edges, ({ from }) => from);
  const layers = new Map<string, number>();
  const open = new Set<string>();
  const layerOf = (name: string): number => {
    const known = layers.get(name);
    if (known !== undefined) return known;
    open.add(name);
    const below = (targets.get(name) ?? []).filter(({ to }) => !open.has(to)).map(({ to }) => layerOf(to) + 1);
    open.delete(name);
    const layer = Math.max(0, ...below);
    layers.set(name, layer);
    return layer;
  };
  for (const name of names) layerOf(name);
  return layers;
}
