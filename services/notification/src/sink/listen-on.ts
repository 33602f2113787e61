import { once } from "node:events";
import type { Server } from "node:net";

/** Listens, and answers the port. The error of a port that is taken names the key of the configuration that chooses it. */
export async function listenOn(server: Server, host: string, port: number, key: string): Promise<number> {
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === "EADDRINUSE" ? "is in use by another program" : `cannot be listened on: ${message}`;
    const mend = `Stop that, choose another port by the configuration key ${key}, or switch the mail sink off by sink.enabled: false.`;
    throw new Error(`The mail sink's address ${host}:${port} ${why}. ${mend}`, { cause: error });
  }
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}
