import { Agent } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { createProxyMiddleware } from "http-proxy-middleware";

/** Express with http-proxy-middleware before the backend on port `argv[2]`; nothing else is done to a request. */
const app = express();
app.disable("x-powered-by");
app.use(createProxyMiddleware({ target: `http://127.0.0.1:${process.argv[2]}`, agent: new Agent({ keepAlive: true }) }));
const server = app.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
});
