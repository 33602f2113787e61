import { startGrpc } from "../proxy/grpc-exchange.ts";
import { HttpExchange } from "../proxy/http-exchange.ts";
import { startUpgrade } from "../proxy/upgrade-exchange.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import { type Listener, type ListenerOptions, listen } from "./listener.ts";

/** Serves clients on one port until closed. */
export function serveGateway(parts: GatewayParts, options: ListenerOptions): Promise<Listener> {
  return listen(
    {
      request: (request, response) => new HttpExchange(parts, request, response).start(),
      grpc: (stream, headers, rawHeaders) => startGrpc(parts, stream, headers, rawHeaders),
      upgrade: (request, socket, head) => startUpgrade(parts, request, socket, head),
    },
    options,
  );
}
