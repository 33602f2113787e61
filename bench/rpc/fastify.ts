import type { AddressInfo } from "node:net";
import fastify from "fastify";

/** Fastify without a schema, and nothing else. */
const app = fastify();
app.post<{ Body: { message: string } }>("/api/v1/echo", async (request) => ({ message: request.body.message }));
await app.listen({ host: "127.0.0.1", port: 0 });
process.stdout.write(`${JSON.stringify({ port: (app.server.address() as AddressInfo).port })}\n`);
