import type { AddressInfo } from "node:net";
import express from "express";

/** Express 5 with its JSON parser, and nothing else. */
const app = express();
app.use(express.json());
app.post("/api/v1/echo", (request, response) => {
  response.json({ message: request.body.message });
});
const server = app.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
});
