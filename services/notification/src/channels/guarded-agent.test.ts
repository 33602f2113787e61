import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "@jest/globals";
import { request } from "undici";
import { guardedAgent, PrivateAddressError } from "./guarded-agent.ts";

test("a name that leads to a private address is refused at the connection, and may be allowed while we run", async () => {
  let requests = 0;
  const server = createServer((_request, response) => {
    requests++;
    response.end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  let allowed = false;
  const dispatcher = guardedAgent(() => allowed);
  for (const host of ["localhost", "127.0.0.1", "[::1]"]) {
    await expect(request(`http://${host}:${port}/`, { dispatcher })).rejects.toBeInstanceOf(PrivateAddressError);
  }
  expect(requests).toBe(0);
  allowed = true;
  const answer = await request(`http://localhost:${port}/`, { dispatcher });
  await answer.body.dump();
  expect(requests).toBe(1);
  await dispatcher.close();
  server.close();
});
