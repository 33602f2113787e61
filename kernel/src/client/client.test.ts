import { type AddressInfo, connect, createServer, type Socket, type Server as TcpServer } from "node:net";
import { Server, ServerCredentials, status as Status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { CallGrant } from "@plinth/module";
import { EchoService } from "@plinth/proto/testing/v1/echo_pb";
import { conflict, PlinthError, unauthorized } from "../base/errors.ts";
import { type RequestContext, runInContext } from "../base/request-context.ts";
import { createStaticDiscovery } from "../discovery/static-discovery.ts";
import type { ServiceIdentity } from "../identity/identity.ts";
import { bindGrpcServer, createGrpcServer, stopGrpcServer } from "../rpc/grpc-server.ts";
import type { Handlers } from "../rpc/handlers.ts";
import { DEFAULT_GRPC_LIMITS } from "../rpc/limits.ts";
import { prepareService } from "../rpc/method-pipeline.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { createTracing } from "../telemetry/tracing.ts";
import { plainChain, plainIdentity } from "../testing/echo-chain.ts";
import { createEchoProbe, type EchoProbe, echoHandlers } from "../testing/echo-handlers.ts";
import { eventually } from "../testing/eventually.ts";
import type { Client } from "./client.ts";
import { type ClientFactory, type ClientFactoryOptions, createClientFactory } from "./client-factory.ts";

const ECHO = "plinth.testing.v1.EchoService";
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** An echo server of the kernel's own stack. */
async function anEchoServer(port = 0, changed: Partial<Handlers<typeof EchoService>> = {}) {
  const probe: EchoProbe = createEchoProbe();
  const handlers: Handlers<typeof EchoService> = { ...echoHandlers(probe), ...changed };
  const service = prepareService({ service: EchoService, handlers }, plainChain());
  const server = createGrpcServer([service], DEFAULT_GRPC_LIMITS);
  const bound = await bindGrpcServer(server, "127.0.0.1", port);
  cleanups.push(() => stopGrpcServer(server, 0));
  return { probe, port: bound, stop: () => stopGrpcServer(server, 0) };
}

function anInstance(port: number, id = `echo-${port}`) {
  return { id, host: "127.0.0.1", httpPort: 0, grpcPort: port, version: "1.0.0" };
}

/** shop's service token, as the chain of the tests knows it. */
const shopIdentity: ServiceIdentity = { ...plainIdentity, tokenFor: () => "service:shop" };

function aGrant(changed: Partial<CallGrant> = {}): CallGrant {
  const methods = EchoService.methods.map(({ name }) => `${ECHO}/${name}`);
  return { from: "shop", to: "echo", methods, endpoints: [], ...changed };
}

let factory: ClientFactory;
let discovery: ReturnType<typeof createStaticDiscovery>;
beforeEach(() => {
  discovery = createStaticDiscovery();
});

function aClient(
  ports: number[],
  options: Partial<ClientFactoryOptions> & { grant?: Partial<CallGrant> } = {},
): Client<typeof EchoService> {
  discovery = createStaticDiscovery({ echo: ports.map((port) => anInstance(port)) });
  factory = createClientFactory({
    module: "shop",
    version: "1.2.3",
    discovery,
    identity: shopIdentity,
    calls: [aGrant(options.grant)],
    random: () => 0.1,
    ...options,
  });
  const opened = factory;
  cleanups.push(() => opened.close());
  return opened.client("echo", EchoService);
}

function aContext(changed: Partial<RequestContext> = {}): RequestContext {
  return { requestId: "req-1", traceId: "", module: "shop", tenantId: "acme", signal: new AbortController().signal, ...changed };
}

async function failureOf(work: Promise<unknown>): Promise<PlinthError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(PlinthError);
  return error as PlinthError;
}

/** A gRPC server that answers each unary call of Echo's methods with a bare status, as no server of ours does. */
async function aBareServer(answer: (method: string) => { code: number; details: string } | "hang") {
  let calls = 0;
  const server = new Server();
  const bytes = { requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs };
  const definition = Object.fromEntries(
    EchoService.methods.map(({ name }) => [name, { path: `/${ECHO}/${name}`, requestStream: false, responseStream: false, ...bytes }]),
  );
  const handlers = Object.fromEntries(
    EchoService.methods.map(({ name }) => [
      name,
      (_call: unknown, callback: (error: object | null, value?: Buffer) => void) => {
        calls++;
        const status = answer(name);
        if (status === "hang") return;
        if (status.code === Status.OK) callback(null, Buffer.alloc(0));
        else callback(status);
      },
    ]),
  );
  server.addService(definition, handlers);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  cleanups.push(() => server.forceShutdown());
  return { port, calls: () => calls };
}

const asIs = (bytes: Buffer) => bytes;

describe("a call", () => {
  test("is answered", async () => {
    const client = aClient([(await anEchoServer()).port]);
    expect(await client.echo({ message: "hello", repeat: 2 })).toMatchObject({ message: "hellohello" });
    const payload = new Uint8Array(100_000).fill(7);
    expect((await client.echoRaw({ payload })).payload).toEqual(payload);
  });

  test("tells the callee who calls, for whom, in which request and trace", async () => {
    const { probe, port } = await anEchoServer();
    const client = aClient([port], { tracing: createTracing({ module: "shop", version: "1", exporter: "none", ratio: 0 }) });
    const trace = { traceId: "a".repeat(32), spanId: "b".repeat(16), sampled: true };
    const user = { id: "bob", email: "", roles: [], tenantId: "acme", sessionId: "", token: "user:bob" };
    await runInContext(aContext({ trace, user, clientAddress: "192.0.2.7", userAgent: "Zürich/1" }), () => client.getNote({ name: "n" }));
    const seen = probe.contexts[0];
    expect(seen).toMatchObject({ caller: "shop", requestId: "req-1", tenantId: "acme", clientAddress: "192.0.2.7", userAgent: "Z?rich/1" });
    expect(seen?.user?.id).toBe("bob");
    expect(seen?.requestHeaders.get("traceparent")).toBe(`00-${trace.traceId}-${trace.spanId}-01`);
    expect(seen?.requestHeaders.get("x-service-name")).toBe("shop");
    expect(seen?.requestHeaders.get("x-service-version")).toBe("1.2.3");
  });

  test("outside of a request has a request id of its own", async () => {
    const { probe, port } = await anEchoServer();
    await aClient([port]).getNote({ name: "n" });
    expect(probe.contexts[0]?.requestHeaders.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("carries headers of its own, but none that speak for the client", async () => {
    const { probe, port } = await anEchoServer();
    await aClient([port]).getNote(
      { name: "n" },
      { headers: { "x-extra": "1", "X-Service-Token": "service:admin", "x-tenant-id": "other" } },
    );
    expect(probe.contexts[0]).toMatchObject({ caller: "shop", tenantId: "default" });
    expect(probe.contexts[0]?.requestHeaders.get("x-extra")).toBe("1");
  });

  test("that fails throws the callee's error, whole", async () => {
    const client = aClient([(await anEchoServer()).port]);
    expect(await failureOf(client.fail({ code: "CONFLICT" }))).toMatchObject({
      code: "CONFLICT",
      reason: "TOLD_TO_FAIL",
      metadata: { asked: "CONFLICT" },
    });
    expect((await failureOf(client.echo({ message: "" }))).fieldErrors).toHaveProperty("message");
    const crash = await failureOf(client.fail({ code: "crash" }));
    expect(crash.code).toBe("INTERNAL_ERROR");
    expect(crash.message).not.toContain("hunter2");
  });

  test("with a request that does not fit the message is not sent", async () => {
    const client = aClient([]);
    expect(await failureOf(client.echo({ message: "x", repeat: 2 ** 40 }))).toMatchObject({ code: "INTERNAL_ERROR" });
  });

  test("without a service token is not made", async () => {
    const { port, probe } = await anEchoServer();
    const client = aClient([port], {
      identity: { ...plainIdentity, tokenFor: () => Promise.reject(unauthorized("no key", { reason: "INVALID_TOKEN" })) },
    });
    expect(await failureOf(client.getNote({ name: "n" }))).toMatchObject({ code: "UNAUTHORIZED" });
    expect(probe.contexts).toHaveLength(0);
  });
});

describe("a declaration", () => {
  test("is needed for a client; the error says what to write", () => {
    aClient([]);
    expect(() => factory.client("authz", EchoService)).toThrow(`- {to: authz, methods: [${ECHO}/<Method>]}`);
    expect(() => {
      aClient([], { grant: { methods: ["plinth.other.v1.OtherService/Do"] } });
    }).toThrow("does not declare");
  });

  test("of one method is none of another", async () => {
    const client = aClient([(await anEchoServer()).port], { grant: { methods: [`${ECHO}/Echo`] } });
    await client.echo({ message: "x" });
    expect(await failureOf(client.getNote({ name: "n" }))).toMatchObject({
      code: "FORBIDDEN",
      reason: "PERMISSION_DENIED",
      metadata: { from: "shop", to: "echo", method: `${ECHO}/GetNote` },
    });
    expect(() => client.count({ to: 1 })).toThrow("Count");
  });

  test("takes effect when it changes", async () => {
    const client = aClient([(await anEchoServer()).port], { grant: { methods: [`${ECHO}/Echo`] } });
    factory.configure([aGrant({ rateLimitPerSecond: 1 })]);
    await client.getNote({ name: "n" });
    expect(await failureOf(client.getNote({ name: "n" }))).toMatchObject({ code: "RATE_LIMITED", reason: "CALL_RATE_LIMITED" });
    factory.configure([]);
    expect(await failureOf(client.echo({ message: "x" }))).toMatchObject({ code: "FORBIDDEN" });
  });
});

describe("time", () => {
  const waiting = (probe: EchoProbe) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    probe.beforePublish = () => promise;
    cleanups.push(resolve);
  };

  test("of a call ends with the caller's deadline, which the callee learns", async () => {
    const { probe, port } = await anEchoServer();
    waiting(probe);
    const client = aClient([port]);
    const deadline = Date.now() + 150;
    const call = runInContext(aContext({ deadline }), () => client.publishNote({ id: "1" }));
    await eventually(() => probe.contexts.length === 1);
    expect(probe.contexts[0]?.deadline).toBeLessThanOrEqual(deadline + 5);
    expect(await failureOf(call)).toMatchObject({ code: "TIMEOUT" });
  });

  test.each(["the policy", "the call"])("is bounded by %s", async (bound) => {
    const { probe, port } = await anEchoServer();
    waiting(probe);
    const client = aClient([port], bound === "the policy" ? { grant: { timeoutMs: 50 } } : {});
    const call = client.publishNote({ id: "1" }, bound === "the call" ? { timeoutMs: 50 } : {});
    expect(await failureOf(call)).toMatchObject({ code: "TIMEOUT" });
  });

  test("too short for anybody is nothing that the callee failed in", async () => {
    const { probe, port } = await anEchoServer();
    waiting(probe);
    const client = aClient([port], { grant: { timeoutMs: 5000 } });
    for (let call = 0; call < 5; call++) {
      const hasty = runInContext(aContext({ deadline: Date.now() + 10 }), () => client.publishNote({ id: "1" }));
      expect(await failureOf(hasty)).toMatchObject({ code: "TIMEOUT" });
    }
    probe.beforePublish = () => undefined;
    await expect(client.publishNote({ id: "1" })).resolves.toBeDefined();
  });

  test("that is over already makes no call", async () => {
    const { probe, port } = await anEchoServer();
    const client = aClient([port]);
    const call = runInContext(aContext({ deadline: Date.now() - 1 }), () => client.getNote({ name: "n" }));
    expect(await failureOf(call)).toMatchObject({ code: "TIMEOUT" });
    expect(probe.contexts).toHaveLength(0);
  });

  test.each(["of the caller", "of the request"])("ends when the signal %s aborts, for the callee too", async (whose) => {
    const { probe, port } = await anEchoServer();
    waiting(probe);
    const client = aClient([port]);
    const abort = new AbortController();
    const options = whose === "of the caller" ? { signal: abort.signal } : {};
    const context = aContext(whose === "of the request" ? { signal: abort.signal } : {});
    const call = runInContext(context, () => client.publishNote({ id: "1" }, options));
    await eventually(() => probe.contexts.length === 1);
    const seen = probe.contexts[0]?.signal;
    abort.abort(conflict("The cart was closed."));
    expect(await failureOf(call)).toMatchObject({ code: "CONFLICT", message: "The cart was closed." });
    await eventually(() => seen?.aborted === true);
    expect(await failureOf(runInContext(context, () => client.publishNote({ id: "1" }, options)))).toMatchObject({ code: "CONFLICT" });
    expect(probe.contexts).toHaveLength(1);
  });
});

describe("a failure", () => {
  const unavailable = { code: Status.UNAVAILABLE, details: "going down at 10.1.2.3" };

  test("that may pass is tried again where that does no harm", async () => {
    let failures = 2;
    const server = await aBareServer(() => (failures-- > 0 ? unavailable : { code: Status.OK, details: "" }));
    const client = aClient([server.port], { grant: { circuitBreaker: { failureThreshold: 100 } } });
    await client.getNote({ name: "n" });
    expect(server.calls()).toBe(3);
  });

  test("of a method that may not be repeated is final, but with a key it is tried again", async () => {
    const server = await aBareServer(() => unavailable);
    const client = aClient([server.port], { grant: { circuitBreaker: { failureThreshold: 100 } } });
    const error = await failureOf(client.createNote({ shelf: "ab" }));
    expect(error).toMatchObject({ code: "SERVICE_UNAVAILABLE", reason: "CALLEE_UNREACHABLE", metadata: { module: "echo" } });
    expect(error.message).not.toContain("10.1.2.3");
    expect(server.calls()).toBe(1);
    await failureOf(client.createNote({ shelf: "ab" }, { idempotencyKey: "key-1" }));
    expect(server.calls()).toBe(4);
  });

  test.each([Status.NOT_FOUND, Status.INVALID_ARGUMENT, Status.PERMISSION_DENIED, Status.UNIMPLEMENTED, Status.RESOURCE_EXHAUSTED])(
    "with status %p is final",
    async (code) => {
      const server = await aBareServer(() => ({ code, details: "no" }));
      await failureOf(aClient([server.port]).getNote({ name: "n" }));
      expect(server.calls()).toBe(1);
    },
  );

  test("is retried within a budget only", async () => {
    const server = await aBareServer(() => unavailable);
    const client = aClient([server.port], {
      grant: { circuitBreaker: { failureThreshold: 10_000 }, retries: { attempts: 2, initialMs: 1 } },
    });
    for (let round = 0; round < 50; round++) await failureOf(client.getNote({ name: "n" }));
    expect(server.calls()).toBeGreaterThan(55);
    expect(server.calls()).toBeLessThanOrEqual(50 + 10 + 10);
  });

  test("in most of at least three calls opens the breaker, for this method only", async () => {
    const server = await aBareServer((method) =>
      method === "Echo" ? { code: Status.INTERNAL, details: "" } : { code: Status.OK, details: "" },
    );
    const metrics = createMetrics({ module: "shop" });
    const client = aClient([server.port], { metrics });
    for (let round = 0; round < 3; round++) await failureOf(client.echo({ message: "x" }));
    expect(await failureOf(client.echo({ message: "x" }))).toMatchObject({ code: "SERVICE_UNAVAILABLE", reason: "CIRCUIT_OPEN" });
    expect(server.calls()).toBe(3);
    await client.getNote({ name: "n" });
    const text = await metrics.text();
    expect(text).toMatch(/plinth_breaker_state\{.*EchoService\/Echo".*\} 2/);
    expect(text).toMatch(/plinth_rpc_client_duration_seconds_count\{.*code="DEPENDENCY_FAILED".*\} 3/);
  });

  test("that is the request's own fault opens nothing", async () => {
    const client = aClient([(await anEchoServer()).port]);
    for (let round = 0; round < 20; round++) {
      expect(await failureOf(client.fail({ code: "NOT_FOUND" }))).toMatchObject({ code: "NOT_FOUND" });
    }
  });
});

describe("instances", () => {
  test("share the calls", async () => {
    const servers = [await anEchoServer(), await anEchoServer(), await anEchoServer()];
    const client = aClient(servers.map(({ port }) => port));
    for (let round = 0; round < 30; round++) await client.getNote({ name: "n" });
    expect(servers.map(({ probe }) => probe.contexts.length)).toEqual([10, 10, 10]);
  });

  test("that are loaded get less", async () => {
    const [busy, idle] = [await anEchoServer(), await anEchoServer()];
    const { promise, resolve } = Promise.withResolvers<void>();
    busy.probe.beforePublish = () => promise;
    idle.probe.beforePublish = () => promise;
    const client = aClient([busy.port, idle.port]);
    const held = client.publishNote({ id: "1" });
    await eventually(() => busy.probe.contexts.length + idle.probe.contexts.length === 1);
    const loaded = busy.probe.contexts.length === 1 ? busy : idle;
    for (let round = 0; round < 10; round++) await client.getNote({ name: "n" });
    expect(loaded.probe.contexts).toHaveLength(1);
    resolve();
    await held;
  });

  test("that are gone cost no call, even one that may not be repeated", async () => {
    const [gone, there] = [await anEchoServer(), await anEchoServer()];
    await gone.stop();
    const client = aClient([gone.port, there.port]);
    for (let round = 0; round < 20; round++) await client.createNote({ shelf: "ab", note: { title: "t" } });
    expect(there.probe.created).toBe(20);
  });

  test("come and go with discovery", async () => {
    const [old, fresh] = [await anEchoServer(), await anEchoServer()];
    const client = aClient([old.port]);
    await client.getNote({ name: "n" });
    await discovery.register("echo", anInstance(fresh.port));
    await discovery.deregister("echo", `echo-${old.port}`);
    await client.getNote({ name: "n" });
    expect([old.probe.contexts.length, fresh.probe.contexts.length]).toEqual([1, 1]);
  });

  test("a call that runs on a retired instance is finished", async () => {
    const { probe, port } = await anEchoServer();
    const { promise, resolve } = Promise.withResolvers<void>();
    probe.beforePublish = () => promise;
    const client = aClient([port]);
    const call = client.publishNote({ id: "1", reason: "done" });
    await eventually(() => probe.contexts.length === 1);
    await discovery.deregister("echo", `echo-${port}`);
    factory.close();
    resolve();
    expect(await call).toMatchObject({ title: "done" });
  });

  test("where none is known the error says so; one that comes is used, whatever the breaker saw", async () => {
    const client = aClient([]);
    expect(await failureOf(client.echo({ message: "x" }))).toMatchObject({ code: "SERVICE_UNAVAILABLE", reason: "NO_INSTANCE" });
    const { port } = await anEchoServer();
    await discovery.register("echo", anInstance(port));
    expect(await client.echo({ message: "x" })).toMatchObject({ message: "x" });
  });

  test("one that comes while a call waits to be tried again answers it", async () => {
    const client = aClient([], { grant: { retries: { attempts: 10, initialMs: 20, maxMs: 20 } }, random: () => 1 });
    const { port } = await anEchoServer();
    const call = client.createNote({ shelf: "ab", note: { title: "t" } });
    await discovery.register("echo", anInstance(port));
    await call;
  });

  test("one that restarts at its address is used again, without waiting for the breaker", async () => {
    const first = await anEchoServer();
    const client = aClient([first.port]);
    await client.echo({ message: "x" });
    await first.stop();
    await eventually(async () => (await client.echo({ message: "x" }).catch((error: PlinthError) => error.reason)) === "CIRCUIT_OPEN");
    await anEchoServer(first.port);
    await eventually(() =>
      client.echo({ message: "x" }).then(
        () => true,
        () => false,
      ),
    );
  });

  test("a connection that is cut in the middle of a call is an error of that call, and the next connects anew", async () => {
    const { port, probe } = await anEchoServer();
    const sockets = new Set<Socket>();
    const proxy = await aTcpProxy(port, sockets);
    const { promise, resolve } = Promise.withResolvers<void>();
    cleanups.push(resolve);
    probe.beforePublish = () => promise;
    const client = aClient([(proxy.address() as AddressInfo).port]);
    const call = client.publishNote({ id: "1" });
    await eventually(() => probe.contexts.length === 1);
    for (const socket of sockets) socket.destroy();
    expect(["SERVICE_UNAVAILABLE", "DEPENDENCY_FAILED"]).toContain((await failureOf(call)).code);
    expect(probe.contexts).toHaveLength(1);
    await client.getNote({ name: "n" });
  });
});

async function aTcpProxy(port: number, sockets: Set<Socket>): Promise<TcpServer> {
  const proxy = createServer((incoming) => {
    const outgoing = connect(port, "127.0.0.1");
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        incoming.destroy();
        outgoing.destroy();
      });
    }
    incoming.pipe(outgoing).pipe(incoming);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  return proxy;
}

describe("a stream", () => {
  const collect = async (stream: AsyncIterable<{ value: number }>) => {
    const values: number[] = [];
    for await (const { value } of stream) values.push(value);
    return values;
  };

  test("gives all messages, also none", async () => {
    const client = aClient([(await anEchoServer()).port]);
    expect(await collect(client.count({ to: 500 }))).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
    expect(await collect(client.count({ to: 0 }))).toEqual([]);
  });

  test("fails where the callee fails, after what came before", async () => {
    const client = aClient([(await anEchoServer()).port]);
    const values: number[] = [];
    const reading = (async () => {
      for await (const { value } of client.count({ to: 5, failAt: 3 })) values.push(value);
    })();
    expect(await failureOf(reading)).toMatchObject({ code: "CONFLICT", reason: "FAIL_AT" });
    expect(values).toEqual([1, 2]);
  });

  test("ends at the callee when its reader leaves", async () => {
    const { probe, port } = await anEchoServer();
    for await (const { value } of aClient([port]).count({ to: 1000 })) if (value === 3) break;
    await eventually(() => probe.counting === 0);
  });

  test("is not sent faster than it is read", async () => {
    let sent = 0;
    const { port } = await anEchoServer(0, {
      async *count() {
        for (; sent < 100_000; sent++) yield { value: sent };
      },
    });
    const stream = aClient([port]).count({ to: 1 })[Symbol.asyncIterator]();
    await stream.next();
    let before = -1;
    await eventually(async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      const still = sent === before;
      before = sent;
      return still;
    });
    expect(sent).toBeLessThan(100_000);
    await stream.return?.();
  });

  test("aborts with the signal", async () => {
    const { probe, port } = await anEchoServer();
    const abort = new AbortController();
    const stream = aClient([port]).count({ to: 1000 }, { signal: abort.signal })[Symbol.asyncIterator]();
    await stream.next();
    abort.abort(conflict("enough"));
    expect(await failureOf(stream.next() as Promise<unknown>)).toMatchObject({ code: "CONFLICT" });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    await eventually(() => probe.counting === 0);
  });

  test("is tried again before its first message", async () => {
    const [gone, there] = [await anEchoServer(), await anEchoServer()];
    await gone.stop();
    const client = aClient([gone.port, there.port]);
    expect(await collect(client.count({ to: 2 }))).toEqual([1, 2]);
    expect(await collect(client.count({ to: 2 }))).toEqual([1, 2]);
  });
});
