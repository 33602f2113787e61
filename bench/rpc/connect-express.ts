import type { AddressInfo } from "node:net";
import { expressConnectMiddleware } from "@connectrpc/connect-express";
import { EchoService } from "@plinth/proto/testing/v1/echo_pb";
import express from "express";

/** Connect on Express 5 by its own middleware. */
const app = express();
app.use(
  expressConnectMiddleware({
    routes: (router) => void router.service(EchoService, { echo: (request) => ({ message: request.message }) }),
  }),
);
const server = app.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
});
