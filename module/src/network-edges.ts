import { callMatrix } from "./call-matrix.ts";
import type { Module } from "./schema/module.ts";

/** A connection that the network lets through. */
export interface NetworkEdge {
  from: string;
  to: string;
  /** Ports of the callee, in ascending order. */
  ports: readonly number[];
}

/** Which module connects to which, on which ports: gRPC for RPC methods, HTTP for endpoints. By callee, then caller. */
export function networkEdges(modules: Iterable<Module>): NetworkEdge[] {
  const all = [...modules];
  const byName = new Map(all.map((module) => [module.metadata.name, module]));
  return callMatrix(all).flatMap(({ from, to, methods, endpoints }) => {
    const ports = byName.get(to)?.spec.ports;
    const open = new Set<number>();
    if (methods.length > 0 && ports?.grpc !== undefined) open.add(ports.grpc);
    // Without a gRPC port the RPC methods are served by Connect, on the HTTP port.
    if ((endpoints.length > 0 || ports?.grpc === undefined) && ports?.http !== undefined) open.add(ports.http);
    return open.size === 0 ? [] : [{ from, to, ports: [...open].sort((a, b) => a - b) }];
  });
}
