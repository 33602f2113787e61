import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What a path answers. */
export type Answer = () => Promise<{ readonly status: number; readonly text: string; readonly type?: string }>;

export interface ObservationServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Answers GET on a few paths: for probes and for Prometheus. */
export async function startObservationServer(port: number, answers: Readonly<Record<string, Answer>>): Promise<ObservationServer> {
  const server: Server = createServer((request, response) => {
    const answer = request.method === "GET" || request.method === "HEAD" ? answers[request.url?.split("?")[0] ?? ""] : undefined;
    const answering = answer === undefined ? Promise.resolve({ status: 404, text: "not found\n" }) : answer();
    answering.then(
      ({ status, text, type = "text/plain; charset=utf-8" }: { status: number; text: string; type?: string }) =>
        response.writeHead(status, { "content-type": type }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
