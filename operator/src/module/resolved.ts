import { type CallGrant, callersOf, GATEWAY_MODULE, type Module, type NetworkEdge, networkEdges } from "@plinth/module";

/** What a builder may know beside the Module: what the others mean to it, and nothing that changes without concerning it. */
export interface Resolved {
  readonly module: Module;
  /** The others as far as they concern it, reduced; by name. */
  readonly neighbours: readonly Module[];
  /** Who may call it, for what; by caller. */
  readonly callers: readonly CallGrant[];
  /** Modules to which it proves who it is, by name: those it calls; for the gateway every module with routes as well. */
  readonly callees: readonly string[];
  /** Connections from it and to it that the network lets through; the gateway's to modules with routes are not among them. */
  readonly edges: readonly NetworkEdge[];
}

/** @param neighbours what `neighbourhoods` says of it. */
export function resolveModule(module: Module, neighbours: readonly Module[]): Resolved {
  const { name } = module.metadata;
  const near = [module, ...neighbours];
  const called = (module.spec.calls ?? []).map(({ to }) => to);
  const routed = name === GATEWAY_MODULE ? neighbours.filter(({ spec }) => spec.routes !== undefined) : [];
  const callees = new Set([...called, ...routed.map(({ metadata }) => metadata.name)]);
  callees.delete(name);
  return {
    module,
    neighbours,
    callers: callersOf(name, near),
    callees: [...callees].sort(),
    edges: networkEdges(near).filter(({ from, to }) => from !== to && (from === name || to === name)),
  };
}
