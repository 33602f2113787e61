import type { AddressInfo } from "node:net";
import proxy from "@fastify/http-proxy";
import Fastify from "fastify";

/** Fastify with its proxy plug-in before the backend on port `argv[2]`; nothing else is done to a request. */
const app = Fastify();
await app.register(proxy, { upstream: `http://127.0.0.1:${process.argv[2]}`, undici: { connections: 256, pipelining: 1 } });
await app.listen({ host: "127.0.0.1", port: 0 });
process.stdout.write(`${JSON.stringify({ port: (app.server.address() as AddressInfo).port })}\n`);
