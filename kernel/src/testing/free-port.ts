import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Above the ports that our modules and known programs have, below those that systems give to clients and for port 0. */
const FROM = 10_000;
const TO = 32_768;

/** A port of 127.0.0.1 that nobody listens on. No system gives it to anybody else between this look and its use. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FROM, TO);
    const server = createServer().listen(port, "127.0.0.1");
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
