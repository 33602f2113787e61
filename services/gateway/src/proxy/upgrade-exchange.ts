import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { GatewayParts } from "../server/gateway-parts.ts";
import { HttpExchange } from "./http-exchange.ts";

/**
 * A WebSocket begins as a request like any other: it is admitted the same way, and where the module declines, its answer goes back as
 * an answer. Once both sides agree, bytes pass both ways until one side ends.
 */
export function startUpgrade(parts: GatewayParts, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const response = new ServerResponse(request);
  // Only TCP connections come here: the listener makes them.
  response.assignSocket(socket as Socket);
  response.shouldKeepAlive = false;
  response.on("finish", () => socket.end());
  socket.on("error", () => socket.destroy());
  const exchange = new HttpExchange(parts, request, response, {
    protocol: request.headers.upgrade ?? "",
    connect: (headers, upstream) => join(response, socket, head, headers, upstream),
  });
  exchange.start();
}

function join(response: ServerResponse, client: Duplex, head: Buffer, headers: readonly string[], upstream: Duplex): void {
  response.detachSocket(client as Socket);
  let text = "HTTP/1.1 101 Switching Protocols\r\n";
  for (let index = 0; index + 1 < headers.length; index += 2) text += `${headers[index]}: ${headers[index + 1]}\r\n`;
  client.write(`${text}\r\n`, "latin1");
  if (head.length > 0) upstream.write(head);
  upstream.on("error", () => client.destroy());
  client.on("error", () => upstream.destroy());
  upstream.on("close", () => client.destroy());
  client.on("close", () => upstream.destroy());
  client.pipe(upstream);
  upstream.pipe(client);
}
