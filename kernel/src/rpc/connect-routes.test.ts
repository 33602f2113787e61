import { type Client, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "@plinth/proto/google/rpc/error_details_pb";
import { EchoService } from "@plinth/proto/testing/v1/echo_pb";
import { type EchoServers, startEchoServers } from "../testing/echo-servers.ts";

let echo: EchoServers;
const clients = new Map<string, Client<typeof EchoService>>();

const withToken: Interceptor = (next) => (request) => {
  if (!request.header.has("x-service-token")) request.header.set("x-service-token", "service:gateway");
  return next(request);
};

beforeAll(async () => {
  echo = await startEchoServers();
  const interceptors = [withToken];
  const baseUrl = echo.httpUrl;
  const transports = {
    "connect, binary": createConnectTransport({ baseUrl, httpVersion: "1.1", interceptors, useBinaryFormat: true }),
    "connect, JSON": createConnectTransport({ baseUrl, httpVersion: "1.1", interceptors, useBinaryFormat: false }),
    "connect, GET": createConnectTransport({ baseUrl, httpVersion: "1.1", interceptors, useHttpGet: true }),
    "gRPC-Web": createGrpcWebTransport({ baseUrl, httpVersion: "1.1", interceptors }),
    gRPC: createGrpcTransport({ baseUrl: `http://127.0.0.1:${echo.grpcPort}`, interceptors }),
  };
  for (const [name, transport] of Object.entries(transports)) clients.set(name, createClient(EchoService, transport));
});

afterAll(() => echo.servers.stop(100));

async function failureOf(answer: Promise<unknown>): Promise<ConnectError> {
  const error = await answer.then(
    () => undefined,
    (thrown: unknown) => ConnectError.from(thrown),
  );
  if (error === undefined) throw new Error("The call did not fail.");
  return error;
}

describe.each(["connect, binary", "connect, JSON", "connect, GET", "gRPC-Web", "gRPC"])("%s", (name) => {
  const client = () => clients.get(name) as Client<typeof EchoService>;

  test("a unary call, its context and its headers", async () => {
    expect((await client().echo({ message: "hello" })).message).toBe("hello");
    const headers = { authorization: "Bearer user:bob" };
    expect((await client().getNote({ name: "n" }, { headers })).title).toBe("by bob@acme.test of acme through gateway");
    let created: string | null = null;
    const onHeader = (received: Headers) => {
      created = received.get("x-created");
    };
    await client().createNote({ shelf: "top", note: { title: "A" } }, { onHeader });
    expect(created).toBe(String(echo.probe.created));
  });

  test("refusals by token and matrix", async () => {
    const stranger = await failureOf(client().echo({ message: "x" }, { headers: { "x-service-token": "service:stranger" } }));
    expect(stranger.code).toBe(7);
    expect(stranger.findDetails(ErrorInfoSchema)[0]).toMatchObject({
      reason: "PERMISSION_DENIED",
      domain: "plinth.dev",
      metadata: { from: "stranger", to: "echo", method: "plinth.testing.v1.EchoService/Echo" },
    });
    expect((await failureOf(client().echo({ message: "x" }, { headers: { "x-service-token": "none" } }))).code).toBe(16);
  });

  test("errors with their details", async () => {
    const broken = await failureOf(client().createNote({ shelf: "x", note: { title: "" } }));
    expect(broken.code).toBe(3);
    expect(
      broken
        .findDetails(BadRequestSchema)[0]
        ?.fieldViolations.map(({ field }) => field)
        .sort(),
    ).toEqual(["note.title", "shelf"]);
    const limited = await failureOf(client().fail({ code: "RATE_LIMITED" }));
    expect(limited.code).toBe(8);
    expect(limited.findDetails(RetryInfoSchema)[0]?.retryDelay?.seconds).toBe(7n);
    const crashed = await failureOf(client().fail({ code: "crash" }));
    expect(crashed.code).toBe(13);
    expect(crashed.message).not.toMatch(/secret/);
  });

  test("a server stream, and one that fails late", async () => {
    const values: number[] = [];
    for await (const { value } of client().count({ to: 100 })) values.push(value);
    expect(values).toHaveLength(100);
    const late = async () => {
      for await (const _ of client().count({ to: 3, failAt: 3 }));
    };
    expect((await failureOf(late())).findDetails(ErrorInfoSchema)[0]?.reason).toBe("FAIL_AT");
  });

  test("a deadline", async () => {
    echo.probe.beforePublish = ({ signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    expect((await failureOf(client().publishNote({ id: "1" }, { timeoutMs: 40 }))).code).toBe(4);
    echo.probe.beforePublish = () => undefined;
  });
});

test("a message beyond the limit is refused", async () => {
  const payload = new Uint8Array(5 * 1024 * 1024);
  for (const name of ["connect, binary", "gRPC-Web", "gRPC"]) {
    const error = await failureOf((clients.get(name) as Client<typeof EchoService>).echoRaw({ payload }));
    expect([3, 8]).toContain(error.code);
  }
});

describe("what is no message is the client's fault, and is not quoted", () => {
  const SECRET = "31337";
  const frame = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, 0, bytes.length]), bytes]);
  const json = Buffer.from(`{"message":${SECRET},"to":"${SECRET}x"}`);
  const broken = Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x31]);
  const long = Buffer.from(`{"message":["${SECRET.repeat(600)}"],"to":"${SECRET.repeat(600)}"}`);

  test.each<[string, string, Buffer]>([
    ["application/json", "Echo", json],
    ["application/json", "Echo", long],
    ["application/json", "Echo", Buffer.from(`{"message":"${SECRET}`)],
    ["application/proto", "Echo", broken],
    ["application/connect+json", "Count", frame(json)],
    ["application/connect+proto", "Count", frame(broken)],
    ["application/grpc-web+json", "Echo", frame(json)],
    ["application/grpc-web+proto", "Echo", frame(broken)],
    ["application/grpc-web+proto", "Count", frame(broken)],
  ])("%s to %s", async (type, method, body) => {
    const response = await fetch(`${echo.httpUrl}/plinth.testing.v1.EchoService/${method}`, {
      method: "POST",
      headers: { "content-type": type, "x-service-token": "service:gateway", "connect-protocol-version": "1" },
      body,
    });
    const text = await response.text();
    expect(response.status).toBe(/^application\/(json|proto)$/.test(type) ? 400 : 200);
    expect(text).toMatch(/"code":"invalid_argument"|grpc-status: 3\r\n/);
    expect(text).not.toContain(SECRET);
  });
});
