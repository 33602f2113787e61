import type { Module } from "@plinth/module";

/** Below are the ports of the platform's own modules. */
const FIRST_HTTP_PORT = 8100;
const LAST_HTTP_PORT = 8999;
const GRPC_OFFSET = 1000;

/** The first pair, 1000 apart, that no module has. */
export function freePorts(modules: readonly Module[]): { http: number; grpc: number } {
  const taken = new Set(modules.flatMap(({ spec }) => [spec.ports?.http, spec.ports?.grpc]));
  for (let http = FIRST_HTTP_PORT; http <= LAST_HTTP_PORT; http++) {
    if (!taken.has(http) && !taken.has(http + GRPC_OFFSET)) return { http, grpc: http + GRPC_OFFSET };
  }
  throw new Error(`Every port from ${FIRST_HTTP_PORT} to ${LAST_HTTP_PORT} belongs to a module.`);
}
