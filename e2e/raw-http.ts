import { connect, type Socket } from "node:net";

/** An answer read off the wire. */
export interface RawAnswer {
  /** 0 where the connection ended without an answer. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** Everything that came. */
  readonly text: string;
  readonly ms: number;
}

/** A request in bytes that no client library would send. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  /** As they stand on the line, in bytes of latin1. */
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: Uint8Array | undefined;
}

const NO_ANSWER: Omit<RawAnswer, "ms"> = { status: 0, headers: new Map(), body: "", text: "" };

/** The bytes of a request, with `host`, `connection: close` and the body's length. */
export function requestBytes({ method, path, headers = [], body }: RawRequest): Buffer {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    "host: plinth.test",
    "connection: close",
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  if (body !== undefined && !headers.some(([name]) => name === "transfer-encoding")) lines.push(`content-length: ${body.length}`);
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body ?? Buffer.alloc(0)]);
}

/**
 * Sends bytes on a connection of their own, and answers what comes back until the other side closes. A connection that is still open
 * after `limitMs` is a failure.
 * @param play what to do on the connection instead of sending `bytes`.
 */
export function exchange(baseUrl: string, bytes: Uint8Array | ((socket: Socket) => void), limitMs = 5000): Promise<RawAnswer> {
  const { hostname, port } = new URL(baseUrl);
  const startedAt = performance.now();
  return new Promise((accept, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => {
      if (typeof bytes === "function") bytes(socket);
      else socket.write(bytes);
    });
    const limit = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no end within ${limitMs} ms after ${Buffer.concat(chunks).toString("latin1").slice(0, 500)}`));
    }, limitMs);
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      // An endless answer is an answer from its head on.
      if (chunks.length === 1 && ENDLESS.test(chunk.toString("latin1"))) socket.destroy();
    });
    // The other side may close while we still write.
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(limit);
      accept({ ...parse(Buffer.concat(chunks).toString("latin1")), ms: performance.now() - startedAt });
    });
  });
}

const ENDLESS = /^HTTP\/1\.1 200 [\s\S]*content-type: (text\/event-stream|application\/x-ndjson)/i;

/** Sends one request. */
export function send(baseUrl: string, request: RawRequest, limitMs?: number): Promise<RawAnswer> {
  return exchange(baseUrl, requestBytes(request), limitMs);
}

function parse(all: string): Omit<RawAnswer, "ms"> {
  // "Go on" is no answer yet.
  const text = all.replace(/^HTTP\/1\.1 100 [^\r]*\r\n\r\n/, "");
  const end = text.indexOf("\r\n\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0);
  if (end === -1 || status === 0) return { ...NO_ANSWER, text };
  const headers = new Map<string, string>();
  for (const line of text.slice(0, end).split("\r\n").slice(1)) {
    const colon = line.indexOf(":");
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const rest = text.slice(end + 4);
  const body = headers.get("transfer-encoding") === "chunked" ? unchunk(rest) : rest;
  return { status, headers, body: Buffer.from(body, "latin1").toString("utf8"), text };
}

function unchunk(text: string): string {
  let body = "";
  for (let at = 0; ; ) {
    const line = text.indexOf("\r\n", at);
    const size = line === -1 ? 0 : Number.parseInt(text.slice(at, line), 16);
    if (!(size > 0)) return body;
    body += text.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}
