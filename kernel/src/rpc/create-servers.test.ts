import { once } from "node:events";
import { connect } from "node:net";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Client, credentials, loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { afterEach, describe, expect, test } from "@jest/globals";
import { EchoService } from "@plinth/proto/testing/v1/echo_pb";
import { service as healthService, protoPath } from "grpc-health-check";
import { currentContext } from "../base/request-context.ts";
import { createHealth } from "../health/create-health.ts";
import { DEFAULT_HTTP_LIMITS } from "../http/settings.ts";
import { createCallInstruments } from "../telemetry/call-instruments.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { createTracing } from "../telemetry/tracing.ts";
import { type EchoServers, startEchoServers } from "../testing/echo-servers.ts";
import type { ServersOptions } from "./create-servers.ts";

let running: EchoServers[] = [];

async function start(changes: Partial<ServersOptions> = {}): Promise<EchoServers> {
  const echo = await startEchoServers(changes);
  running.push(echo);
  return echo;
}

afterEach(async () => {
  await Promise.all(running.map(({ servers }) => servers.stop(200)));
  running = [];
});

const TOKEN = { "x-service-token": "service:gateway" };

describe("plain HTTP", () => {
  test("health, metrics and documentation need no token", async () => {
    const health = createHealth();
    health.setReady(true);
    const metrics = createMetrics({ module: "echo" });
    const tracing = createTracing({ module: "echo", version: "1", exporter: "none", ratio: 0 });
    const { httpUrl } = await start({
      health,
      metrics,
      instruments: createCallInstruments(metrics, tracing),
    });
    expect((await fetch(`${httpUrl}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${httpUrl}/ready`)).json()).toMatchObject({ status: "ok" });
    health.setReady(false);
    expect((await fetch(`${httpUrl}/health`)).status).toBe(503);
    await fetch(`${httpUrl}/api/v1/notes`, { headers: TOKEN });
    await fetch(`${httpUrl}/api/v1/notes?page_size=-1`, { headers: TOKEN });
    const text = await (await fetch(`${httpUrl}/metrics`)).text();
    expect(text).toMatch(
      /rpc_server_duration_seconds_count\{.*protocol="rest",method="plinth.testing.v1.EchoService\/ListNotes",code="OK".*\} 1/,
    );
    expect(text).toMatch(/code="VALIDATION_ERROR"/);
    const docs = await fetch(`${httpUrl}/docs`);
    expect(docs.headers.get("content-security-policy")).toMatch(/script-src 'sha256-/);
    expect(await docs.text()).toContain("/api/v1/notes");
  });

  test("raw routes run after the checks and in a context", async () => {
    const seen: unknown[] = [];
    const metrics = createMetrics({ module: "echo" });
    const { httpUrl, lines } = await start({
      metrics,
      rawRoutes: [
        {
          method: "get",
          path: "/feed/:name",
          access: "module",
          handler: (request, response, context) => {
            seen.push(currentContext() === context);
            response.type("text/plain").send(`${request.params.name} for ${context.caller} and ${context.user?.id} of ${context.tenantId}`);
          },
        },
        { method: "get", path: "/.well-known/keys", access: "anyone", handler: (_request, response) => void response.json({ keys: [] }) },
        {
          method: "get",
          path: "/broken",
          access: "anyone",
          handler: async () => {
            throw new Error("secret: hunter2");
          },
        },
      ],
    });
    const feed = (headers: Record<string, string>) => fetch(`${httpUrl}/feed/news`, { headers });
    expect(await (await feed({ ...TOKEN, authorization: "Bearer user:bob" })).text()).toBe("news for gateway and bob of acme");
    expect(seen).toEqual([true]);
    expect((await feed({})).status).toBe(401);
    expect((await feed({ "x-service-token": "service:stranger" })).status).toBe(403);
    expect((await feed({ ...TOKEN, authorization: "Bearer no" })).status).toBe(401);
    expect((await feed({ ...TOKEN, "x-tenant-id": "*" })).status).toBe(400);
    expect(await metrics.text()).toMatch(/http_server_duration_seconds_count\{.*route="\/feed\/:name",code="403".*\} 1/);
    expect(await (await fetch(`${httpUrl}/.well-known/keys`)).json()).toEqual({ keys: [] });
    const broken = await fetch(`${httpUrl}/broken`);
    expect(broken.status).toBe(500);
    expect(await broken.text()).not.toContain("hunter2");
    expect(lines.some(({ level, fields }) => level === "error" && String(fields?.error).includes("hunter2"))).toBe(true);
  });

  test("CORS lets known origins in and no others", async () => {
    const { httpUrl } = await start({ cors: { origins: ["https://shop.test"], maxAgeSeconds: 600 } });
    const preflight = (origin: string) =>
      fetch(`${httpUrl}/api/v1/notes`, { method: "OPTIONS", headers: { origin, "access-control-request-method": "GET" } });
    const allowed = await preflight("https://shop.test");
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get("access-control-allow-origin")).toBe("https://shop.test");
    expect(allowed.headers.get("access-control-allow-headers")).toContain("idempotency-key");
    expect((await preflight("https://evil.test")).headers.get("access-control-allow-origin")).toBeNull();
    const plain = await fetch(`${httpUrl}/api/v1/notes`, { headers: { ...TOKEN, origin: "https://shop.test" } });
    expect(plain.headers.get("access-control-allow-origin")).toBe("https://shop.test");
  });

  test("a client that does not finish its headers is cut off", async () => {
    const { httpUrl } = await start({ httpLimits: { ...DEFAULT_HTTP_LIMITS, headersTimeoutMs: 50 } });
    const socket = connect(Number(new URL(httpUrl).port), "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nhost: x\r\n");
    const [chunk] = (await once(socket, "data")) as [Buffer];
    expect(chunk.toString()).toMatch(/^HTTP\/1.1 408/);
    await once(socket, "close");
  });
});

describe("a stop", () => {
  test("lets running calls end and takes no new ones", async () => {
    const { httpUrl, servers, probe } = await start();
    let release = () => {};
    const entered = new Promise<void>((resolve) => {
      probe.beforePublish = () => {
        resolve();
        return new Promise<void>((done) => {
          release = done;
        });
      };
    });
    const call = fetch(`${httpUrl}/api/v1/notes/7:publish`, { method: "POST", headers: TOKEN });
    await entered;
    const stopped = servers.stop(10_000);
    await expect(fetch(`${httpUrl}/healthz`)).rejects.toThrow();
    release();
    expect((await call).status).toBe(200);
    await stopped;
  });

  test("cuts what does not end in time", async () => {
    const { httpUrl, servers, probe } = await start();
    const entered = new Promise<void>((resolve) => {
      probe.beforePublish = () => {
        resolve();
        return new Promise<void>(() => undefined);
      };
    });
    const call = fetch(`${httpUrl}/api/v1/notes/7:publish`, { method: "POST", headers: TOKEN });
    const cut = expect(call).rejects.toThrow();
    await entered;
    await servers.stop(50);
    await cut;
  });

  test("a port that is taken is named, and the other one given back", async () => {
    const { grpcPort, httpUrl } = await start();
    const other = startEchoServers({ ports: { http: 0, grpc: grpcPort } });
    await expect(other).rejects.toThrow(`127.0.0.1:${grpcPort}`);
    await expect(startEchoServers({ ports: { http: Number(new URL(httpUrl).port) } })).rejects.toThrow("is taken by another program");
  });
});

describe("gRPC's own services", () => {
  test("health answers for the server and each service, and needs no token", async () => {
    const { grpcPort, servers } = await start();
    const client = new Client(`127.0.0.1:${grpcPort}`, credentials.createInsecure());
    const { Check } = healthService as unknown as Record<
      string,
      { path: string; requestSerialize(v: object): Buffer; responseDeserialize(b: Buffer): { status: string } }
    >;
    if (Check === undefined) throw new Error(`No Check in ${protoPath}.`);
    const check = (service: string) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(Check.path, Check.requestSerialize, Check.responseDeserialize, { service }, (error, answer) =>
          error === null ? resolve(answer?.status) : reject(error),
        );
      });
    expect(await check("")).toBe("NOT_SERVING");
    servers.setServing(true);
    expect(await check("")).toBe("SERVING");
    expect(await check(EchoService.typeName)).toBe("SERVING");
    await expect(check("nothing.V1")).rejects.toMatchObject({ code: 5 });
    client.close();
  });

  test.each(["v1", "v1alpha"])("reflection %s lists the services and describes them with all they need", async (version) => {
    const { grpcPort } = await start();
    const root = import.meta
      .resolve("@grpc/reflection")
      .replace(/^file:\/\//, "")
      .replace(/build\/src\/.*/, "build/proto");
    const loaded = loadPackageDefinition(loadSync(`${root}/grpc/reflection/${version}/reflection.proto`));
    // biome-ignore lint/suspicious/noExplicitAny: a client made at run time has no types
    const Reflection = (loaded as any).grpc.reflection[version].ServerReflection;
    const client = new Reflection(`127.0.0.1:${grpcPort}`, credentials.createInsecure());
    const stream = client.ServerReflectionInfo();
    // biome-ignore lint/suspicious/noExplicitAny: see above
    const ask = async (question: object): Promise<any> => {
      stream.write(question);
      return (await once(stream, "data"))[0];
    };
    const list = await ask({ listServices: "" });
    expect(list.listServicesResponse.service).toEqual([{ name: EchoService.typeName }]);
    const described = await ask({ fileContainingSymbol: EchoService.typeName });
    const files = (described.fileDescriptorResponse.fileDescriptorProto as Buffer[]).map((bytes) =>
      fromBinary(FileDescriptorProtoSchema, bytes),
    );
    const names = new Set(files.map((file) => file.name));
    expect(names).toContain("plinth/testing/v1/echo.proto");
    expect(names).toContain("google/protobuf/timestamp.proto");
    stream.end();
    client.close();
  });
});
