import { createHash } from "node:crypto";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { accessToken, type Backend, echo, moduleWith, startBackend, startGateway, type TestGateway } from "./start-gateway.ts";

let backend: Backend;
let plinth: TestGateway;
let events: ServerResponse | undefined;
let closed: Promise<unknown> | undefined;

const ROUTES = [
  { path: "/api/v1/live/**", timeout: "200ms" },
  { path: "/api/v1/live/x", timeout: "30s" },
  { path: "/api/v1/live/open/**", auth: "public" as const },
];

beforeAll(async () => {
  backend = await startBackend((request, response) => {
    if (request.url !== "/api/v1/live/events") return echo(request, response);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: 1\n\n");
    events = response;
    closed = once(response, "close");
  });
  backend.server.on("upgrade", (request, socket) => {
    if (request.url === "/api/v1/live/no") {
      socket.end("HTTP/1.1 409 Conflict\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno");
      return;
    }
    const accept = createHash("sha1")
      .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64");
    const user = request.headers["x-tenant-id"];
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\nx-tenant: ${user}\r\n\r\n`,
    );
    socket.pipe(socket);
  });
  plinth = await startGateway({ modules: [moduleWith("live", ROUTES)], backends: { live: { httpPort: backend.port } } });
});

afterAll(async () => {
  await plinth.gateway.close(100);
  await backend.close();
});

const bearer = () => ({ authorization: `Bearer ${accessToken()}` });

test("server-sent events come one by one, outlive the route's time, and end when the client goes", async () => {
  const stop = new AbortController();
  const response = await fetch(`${plinth.origin}/api/v1/live/events`, {
    headers: { ...bearer(), accept: "text/event-stream" },
    signal: stop.signal,
  });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const next = async () => Buffer.from((await reader.read()).value ?? []).toString();
  expect(await next()).toBe("data: 1\n\n");
  events?.write("data: 2\n\n");
  expect(await next()).toBe("data: 2\n\n");
  stop.abort();
  await reader.read().catch(() => {});
  await closed;
});

describe("WebSocket", () => {
  const upgrade = (path: string, headers: Record<string, string>) => {
    const socket = connect(plinth.port, "127.0.0.1");
    const lines = Object.entries({
      ...headers,
      upgrade: "websocket",
      connection: "Upgrade",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    });
    socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
    return socket;
  };
  const answerOf = async (socket: ReturnType<typeof connect>) => String((await once(socket, "data"))[0]);

  test("bytes pass both ways once both sides agree", async () => {
    const socket = upgrade("/api/v1/live/ws", bearer());
    const head = await answerOf(socket);
    expect(head).toContain("101 Switching Protocols");
    expect(head).toContain("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    expect(head).toContain("x-tenant: acme");
    socket.write("ping");
    expect(await answerOf(socket)).toBe("ping");
    socket.end();
    await once(socket, "close");
  });

  test("who may not is refused, and so is what the module declines", async () => {
    expect(await answerOf(upgrade("/api/v1/live/ws", {}))).toContain("401 Unauthorized");
    expect(await answerOf(upgrade("/api/v1/live/no", bearer()))).toContain("409 Conflict");
  });
});

test("HTTP/2 without TLS is served on the same port", async () => {
  const session = connectHttp2(plinth.origin);
  const stream = session.request({ ":path": "/api/v1/live/open/1", ":method": "POST", "content-type": "text/plain" });
  stream.end("over two");
  const [headers] = (await once(stream, "response")) as [Record<string, string>];
  let text = "";
  for await (const chunk of stream) text += chunk;
  session.close();
  expect(headers[":status"]).toBe(200);
  expect(JSON.parse(text)).toMatchObject({ method: "POST", body: "over two" });
});

describe("while things change", () => {
  test("no request fails when routes change and instances come and go", async () => {
    const second = await startBackend(echo);
    const failures: string[] = [];
    let done = false;
    let answered = 0;
    const headers = bearer();
    const client = async () => {
      while (!done) {
        const response = await fetch(`${plinth.origin}/api/v1/live/x`, { headers });
        const text = await response.text();
        if (response.status !== 200) failures.push(`${response.status} ${text}`);
        answered++;
      }
    };
    const clients = [client(), client(), client(), client()];
    const instance = (id: string, httpPort: number) => ({ id, host: "127.0.0.1", httpPort, grpcPort: 0, version: "1.0.0" });
    for (let round = 0; round < 200; round++) {
      plinth.setModules([moduleWith("live", [...ROUTES, { path: `/api/v1/other/${round}` }])]);
      if (round % 20 === 0)
        await plinth.discovery.register("live", instance(`live-${round + 2}`, round % 40 === 0 ? second.port : backend.port));
      if (round % 20 === 10) await plinth.discovery.deregister("live", `live-${round - 8}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const seen = answered;
    while (answered < seen + 50) await new Promise((resolve) => setImmediate(resolve));
    done = true;
    await Promise.all(clients);
    expect(failures).toEqual([]);
    await second.close();
  });

  test("an instance that is gone without a word costs no idempotent request", async () => {
    const lost = await startBackend(echo);
    await plinth.discovery.register("live", { id: "live-lost", host: "127.0.0.1", httpPort: lost.port, grpcPort: 0, version: "1.0.0" });
    const headers = bearer();
    for (let index = 0; index < 10; index++) await fetch(`${plinth.origin}/api/v1/live/x`, { headers }).then((response) => response.text());
    await lost.close();
    const statuses = await Promise.all(
      Array.from({ length: 40 }, () => fetch(`${plinth.origin}/api/v1/live/x`, { headers }).then((response) => response.status)),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    await plinth.discovery.deregister("live", "live-lost");
  });
});

test("a stop lets what runs finish and refuses new connections", async () => {
  let answer: (() => void) | undefined;
  const arrived = new Promise<void>((resolve) => {
    void startBackend((_request, response) => {
      answer = () => response.end("finished");
      resolve();
    }).then(async (slow) => {
      other = slow;
      going = await startGateway({
        modules: [moduleWith("slow", [{ path: "/api/v1/slow", auth: "public" }])],
        backends: { slow: { httpPort: slow.port } },
      });
      running = fetch(`${going.origin}/api/v1/slow`);
    });
  });
  let other: Backend | undefined;
  let going: TestGateway | undefined;
  let running: Promise<Response> | undefined;
  await arrived;
  const stopped = going?.gateway.close(5000);
  await expect(fetch(`${going?.origin}/healthz`)).rejects.toThrow();
  answer?.();
  expect(await (await running)?.text()).toBe("finished");
  await stopped;
  await other?.close();
});
