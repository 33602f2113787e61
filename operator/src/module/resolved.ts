import { type CallGrant, callersOf, type Module, type NetworkEdge, networkEdges } from "@plinth/module";

/** What a builder may know beside the Module: what the others mean to it, and nothing that changes without concerning it. */
export interface Resolved {
  readonly module: Module;
  /** The others as far as they concern it, reduced; by name. */
  readonly neighbours: readonly Module[];
  /** Who may call it, for what; by caller. */
  readonly callers: readonly CallGrant[];
  /** The modules that it calls, by name: those to which it proves who it is. */
  readonly callees: readonly string[];
  /** Connections from it and to it that the network lets through; the gateway's to modules with routes are not among them. */
  readonly edges: readonly NetworkEdge[];
}

/** @param neighbours what `neighbourhoods` says of it. */
export function resolveModule(module: Module, neighbours: readonly Module[]): Resolved {
  const { name } = module.metadata;
  const near = [module, ...neighbours];
  const callees = new Set((module.spec.calls ?? []).map(({ to }) => to));
  callees.delete(name);
  return {
    module,
    neighbours,
    callers: callersOf(name, near),
    callees: [...callees].sort(),
    edges: networkEdges(near).filter(({ from, to }) => from !== to && (from === name || to === name)),
  };
}
