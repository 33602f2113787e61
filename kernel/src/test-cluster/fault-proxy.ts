import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import * as https from "node:https";
import type { Socket } from "node:net";
import type { Credentials } from "../kube/credentials.ts";
import type { Certificate } from "./certificates.ts";

/** What goes wrong with one request. Those with `lines` let so many events of a watch through before. */
export type Fault =
  /** Answered by the proxy; the server never hears of it. */
  | { readonly kind: "status"; readonly status: number; readonly retryAfter?: string; readonly reason?: string }
  /** The socket is cut; the server never hears of it. */
  | { readonly kind: "cut" }
  /** Done by the server, but the socket is cut before its answer, and after `done` if there is one. */
  | { readonly kind: "lost-answer"; done?(): Promise<void> }
  /** The socket is cut in the middle of a line. */
  | { readonly kind: "reset"; readonly lines: number }
  /** The answer ends in good order, in the middle of a line. */
  | { readonly kind: "cut-json"; readonly lines: number }
  /** A line that is no JSON. */
  | { readonly kind: "garbage"; readonly lines: number }
  /** The watch says that it cannot go on. */
  | { readonly kind: "error-event"; readonly lines: number; readonly code: number; readonly reason: string }
  /** Nothing comes any more, and nothing tells so. */
  | { readonly kind: "silence"; readonly lines: number }
  /** A few bytes at a time, each in a packet of its own. */
  | { readonly kind: "trickle"; readonly bytes: number }
  /** The request waits for it. */
  | { readonly kind: "hold"; until(): Promise<void> };

export type RequestKind = "list" | "watch" | "other";

/** A request as the proxy sees it, before anybody else does. */
export interface SeenRequest {
  readonly kind: RequestKind;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
}

/** Stands before an API server and does to its clients what networks and servers do. */
export interface FaultProxy {
  readonly server: string;
  /** Requests so far: lists by pages; a watch that asks for the initial state is one of `initial` as well. */
  readonly counts: Readonly<Record<RequestKind | "initial", number>>;
  /** Watches whose answer has begun, and has not ended. */
  readonly openWatches: number;
  /** The next request of this kind fails so. Faults of one kind come in the order in which they were planned. */
  plan(kind: RequestKind, fault: Fault): void;
  /** Planned faults that did not come to pass yet. */
  readonly planned: number;
  /** Cuts all sockets. */
  cutAll(): void;
  /** While true no socket is accepted. */
  refuse: boolean;
  /** Shows another certificate from now on. */
  present(certificate: Certificate): void;
  close(): Promise<void>;
}

export interface FaultProxyOptions {
  readonly target: string;
  readonly serving: Certificate;
  /** As whom requests go on that bring no token. */
  readonly credentials: Credentials;
  /** Asked about each request, which waits for the answer; it comes before what was planned. Undefined: nothing happens to it. */
  choose?(request: SeenRequest): Fault | undefined | Promise<Fault | undefined>;
}

export async function startFaultProxy({ target, serving, credentials, choose }: FaultProxyOptions): Promise<FaultProxy> {
  const { hostname, port } = new URL(target);
  const { ca, cert, key } = credentials.tls;
  const anonymous = new https.Agent({ keepAlive: true, ...(ca && { ca }) });
  const trusted = new https.Agent({ keepAlive: true, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) });
  const counts = { list: 0, watch: 0, other: 0, initial: 0 };
  const faults: Record<RequestKind, Fault[]> = { list: [], watch: [], other: [] };
  const sockets = new Set<Socket>();
  let planned = 0;
  let openWatches = 0;
  let refuse = false;

  async function handle(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const kind = kindOf(asked);
    counts[kind]++;
    if (asked.url?.includes("sendInitialEvents=true")) counts.initial++;
    const chosen = await choose?.({ kind, method: asked.method ?? "", path: asked.url?.split("?")[0] ?? "" });
    const fault = chosen ?? faults[kind].shift();
    const strikes = (): void => void (fault !== chosen && planned--);
    if (fault?.kind === "hold") await fault.until();
    if (fault !== undefined && !("lines" in fault)) strikes();
    if (fault?.kind === "status") return refuseRequest(fault, answer);
    if (fault?.kind === "cut") return void asked.socket.destroy();
    const agent = asked.headers.authorization === undefined ? trusted : anonymous;
    const headers = { ...asked.headers, host: `${hostname}:${port}` };
    const onward = https.request({ hostname, port, path: asked.url, method: asked.method, headers, agent }, (received) => {
      if (fault?.kind === "lost-answer") {
        void Promise.resolve(fault.done?.()).finally(() => asked.socket.destroy());
        return;
      }
      answer.writeHead(received.statusCode ?? 502, received.headers);
      answer.flushHeaders();
      if (kind === "watch") {
        openWatches++;
        answer.once("close", () => openWatches--);
      }
      received.once("error", () => asked.socket.destroy());
      relay(received, answer, fault, strikes);
    });
    onward.once("error", () => asked.socket.destroy());
    answer.once("close", () => onward.destroy());
    asked.pipe(onward);
  }

  function relay(received: IncomingMessage, answer: ServerResponse, fault: Fault | undefined, strikes: () => void): void {
    if (fault?.kind === "trickle") trickle(received, answer, fault.bytes).catch(() => answer.destroy());
    else if (fault === undefined || !("lines" in fault)) received.pipe(answer);
    else relayLines(received, answer, fault, strikes);
  }

  function relayLines(received: IncomingMessage, answer: ServerResponse, fault: Fault & { lines: number }, strikes: () => void): void {
    let left = fault.lines;
    let happened = false;
    received.on("data", (chunk: Buffer) => {
      if (happened) return;
      let from = 0;
      while (left > 0) {
        const end = chunk.indexOf("\n", from);
        if (end === -1) {
          answer.write(chunk.subarray(from));
          return;
        }
        answer.write(chunk.subarray(from, end + 1));
        from = end + 1;
        left--;
      }
      if (from === chunk.length) return;
      happened = true;
      strikes();
      strike(fault, chunk.subarray(from), answer, () => resetUnder(answer));
    });
    received.once("end", () => {
      if (!happened) answer.end();
    });
  }

  const server = https.createServer({ cert: serving.cert, key: serving.key }, (asked, answer) => {
    handle(asked, answer).catch(() => asked.socket.destroy());
  });
  server.on("connection", (socket: Socket) => {
    if (refuse) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const own = typeof address === "object" && address !== null ? address.port : 0;

  /** TLS ends politely; it is the socket below that is reset. */
  function resetUnder(answer: ServerResponse): void {
    for (const socket of sockets) if (socket.remotePort === answer.socket?.remotePort) socket.resetAndDestroy();
  }

  function cutAll(): void {
    for (const socket of sockets) socket.destroy();
  }

  return {
    server: `https://127.0.0.1:${own}`,
    counts,
    plan(kind, fault) {
      planned++;
      faults[kind].push(fault);
    },
    get openWatches() {
      return openWatches;
    },
    get planned() {
      return planned;
    },
    cutAll,
    get refuse() {
      return refuse;
    },
    set refuse(now) {
      refuse = now;
      if (now) cutAll();
    },
    present(certificate) {
      server.setSecureContext({ cert: certificate.cert, key: certificate.key });
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      cutAll();
      anonymous.destroy();
      trusted.destroy();
      await closed;
    },
  };
}

function kindOf({ method, url = "" }: IncomingMessage): RequestKind {
  if (method !== "GET") return "other";
  const { pathname, searchParams } = new URL(url, "https://any");
  if (searchParams.has("watch")) return "watch";
  // A collection: …/api/v1[/namespaces/x]/plural, or …/apis/group/version[/namespaces/x]/plural.
  const parts = pathname.split("/").slice(pathname.startsWith("/apis/") ? 4 : 3);
  return parts.length === 1 || (parts.length === 3 && parts[0] === "namespaces") ? "list" : "other";
}

function refuseRequest(fault: Fault & { kind: "status" }, answer: ServerResponse): void {
  const { status, retryAfter, reason = "Fault" } = fault;
  answer.writeHead(status, { "content-type": "application/json", ...(retryAfter !== undefined && { "retry-after": retryAfter }) });
  answer.end(JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", code: status, reason, message: `A fault: ${status}.` }));
}

/** `rest` begins with the line that does not arrive. */
function strike(fault: Fault & { lines: number }, rest: Buffer, answer: ServerResponse, reset: () => void): void {
  const half = rest.subarray(0, Math.max(1, Math.min(rest.length, 200) >> 1));
  switch (fault.kind) {
    case "reset":
      answer.write(half, reset);
      break;
    case "cut-json":
      answer.end(half);
      break;
    case "garbage":
      answer.write('{"type":"MODIFIED","object":{"metadata":\n');
      break;
    case "error-event": {
      const object = { kind: "Status", apiVersion: "v1", status: "Failure", code: fault.code, reason: fault.reason, message: "A fault." };
      answer.write(`${JSON.stringify({ type: "ERROR", object })}\n`);
      break;
    }
    case "silence":
      break;
  }
}

async function trickle(received: IncomingMessage, answer: ServerResponse, bytes: number): Promise<void> {
  for await (const chunk of received as AsyncIterable<Buffer>) {
    for (let from = 0; from < chunk.length; from += bytes) {
      if (answer.destroyed) return;
      answer.write(chunk.subarray(from, from + bytes));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  answer.end();
}
