import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { EchoService } from "@plinth/proto/testing/v1/echo_pb";

/** connect-node serving gRPC over cleartext HTTP/2. */
const adapter = connectNodeAdapter({
  connect: false,
  grpcWeb: false,
  routes: (router) => void router.service(EchoService, { echo: (request) => ({ message: request.message }) }),
});
const server = createServer(adapter);
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
});
