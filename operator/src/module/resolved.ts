import { type CallGrant, callersOf, type Module, type NetworkEdge, neighbourhoods, networkEdges } from "@plinth/module";
import type { Settings } from "./settings.ts";

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
  /** Where it fetches the public keys of end users' tokens; undefined for the issuer itself, and where there is none. */
  readonly tokenPort: number | undefined;
}

/** Resolves the modules of one namespace: the set is indexed once, a module then costs as much as it has neighbours. */
export function createResolver(
  modules: Iterable<Module>,
  { gatewayModule, tokenModule }: Pick<Settings, "gatewayModule" | "tokenModule">,
): (module: Module) => Resolved {
  const all = [...modules];
  const neighboursOf = neighbourhoods(all);
  const routed = all.filter(({ spec }) => (spec.routes ?? []).length > 0).map(({ metadata }) => metadata.name);
  const issuerPort = all.find(({ metadata }) => metadata.name === tokenModule)?.spec.ports?.http;

  return (module) => {
    const { name } = module.metadata;
    const neighbours = neighboursOf(module);
    const near = [module, ...neighbours];
    const called = (module.spec.calls ?? []).map(({ to }) => to);
    const callees = new Set(name === gatewayModule ? [...called, ...routed] : called);
    callees.delete(name);
    return {
      module,
      neighbours,
      callers: callersOf(name, near),
      callees: [...callees].sort(),
      edges: networkEdges(near).filter(({ from, to }) => from !== to && (from === name || to === name)),
      tokenPort: name === tokenModule ? undefined : issuerPort,
    };
  };
}
