import { create, type DescMessage, fromBinary, type MessageInitShape, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { Client, type ClientReadableStream, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { decodeStatusDetails } from "@plinth/kernel/status";
import { HealthCheckRequestSchema, HealthCheckResponseSchema } from "@plinth/proto/grpc/health/v1/health_pb";
import { ServerReflectionRequestSchema, ServerReflectionResponseSchema } from "@plinth/proto/grpc/reflection/v1/reflection_pb";
import {
  CountRequestSchema,
  CountResponseSchema,
  EchoRawRequestSchema,
  EchoRawResponseSchema,
  EchoRequestSchema,
  EchoResponseSchema,
  FailRequestSchema,
  FailResponseSchema,
} from "@plinth/proto/testing/v1/echo_pb";
import { type EchoModule, startEcho } from "./start-echo.ts";
import { accessToken, moduleWith, startGateway, type TestGateway } from "./start-gateway.ts";

let echo: EchoModule;
let plinth: TestGateway;
let client: Client;

beforeAll(async () => {
  echo = await startEcho();
  plinth = await startGateway({
    modules: [
      moduleWith("echo", [
        { path: "/api/v1/echo/**", rateLimit: { requests: 1000, per: "1m" } },
        { path: "/api/v1/count/**", timeout: "500ms" },
        { path: "/api/v1/fail", permission: "echo.fail.run" },
        { path: "/api/v1/notes/**", auth: "public" },
      ]),
    ],
    backends: { echo: { httpPort: echo.httpPort, grpcPort: echo.grpcPort } },
    askAuthz: async ({ id }) => id !== "user_poor",
  });
  await plinth.settled();
  client = new Client(`127.0.0.1:${plinth.port}`, credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  await plinth.gateway.close(1000);
  await echo.close();
});

const ECHO = "/plinth.testing.v1.EchoService";

function metadataOf(token: string): Metadata {
  const metadata = new Metadata();
  if (token !== "") metadata.set("authorization", `Bearer ${token}`);
  return metadata;
}

function unary<I extends DescMessage, O extends DescMessage>(
  path: string,
  input: I,
  output: O,
  request: MessageInitShape<I>,
  token = accessToken(),
): Promise<MessageShape<O>> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      (message: MessageShape<I>) => Buffer.from(toBinary(input, message)),
      (bytes) => fromBinary(output, bytes),
      create(input, request),
      metadataOf(token),
      (error, answer) => (answer === undefined ? reject(error) : resolve(answer)),
    );
  });
}

function count(request: MessageInitShape<typeof CountRequestSchema>): ClientReadableStream<MessageShape<typeof CountResponseSchema>> {
  return client.makeServerStreamRequest(
    `${ECHO}/Count`,
    (message: MessageShape<typeof CountRequestSchema>) => Buffer.from(toBinary(CountRequestSchema, message)),
    (bytes) => fromBinary(CountResponseSchema, bytes),
    create(CountRequestSchema, request),
    metadataOf(accessToken()),
  );
}

function plinthError(error: unknown) {
  const { code, details, metadata } = error as ServiceError;
  const [bytes] = metadata.get("grpc-status-details-bin");
  return { status: code, ...decodeStatusDetails(bytes as Buffer | undefined, code, details) };
}

async function failureOf(work: Promise<unknown>) {
  return plinthError(
    await work.then(
      () => undefined,
      (error: unknown) => error,
    ),
  );
}

describe("native gRPC", () => {
  test("a call passes with its user, and answers with the limit that counted it", async () => {
    const answer = await unary(`${ECHO}/Echo`, EchoRequestSchema, EchoResponseSchema, { message: "hello" }, accessToken("user_5"));
    expect(answer.message).toBe("hello from user_5 of acme");
  });

  test("the policy is that of the REST route", async () => {
    const anonymous = await failureOf(unary(`${ECHO}/Echo`, EchoRequestSchema, EchoResponseSchema, { message: "x" }, ""));
    expect(anonymous).toMatchObject({ status: 16, reason: "MISSING_TOKEN" });
    const poor = await failureOf(unary(`${ECHO}/Fail`, FailRequestSchema, FailResponseSchema, { code: "x" }, accessToken("user_poor")));
    expect(poor).toMatchObject({ status: 7, reason: "PERMISSION_DENIED", metadata: { permission: "echo.fail.run" } });
  });

  test("a module's own error arrives whole", async () => {
    const failure = await failureOf(unary(`${ECHO}/Fail`, FailRequestSchema, FailResponseSchema, { code: "now" }));
    expect(failure).toMatchObject({ status: 6, reason: "TOLD_TO_FAIL", metadata: { asked: "now" } });
  });

  test("a method without a REST path is not there for clients", async () => {
    const failure = await failureOf(unary(`${ECHO}/EchoRaw`, EchoRawRequestSchema, EchoRawResponseSchema, {}));
    expect(failure).toMatchObject({ status: 12, reason: "UNIMPLEMENTED" });
  });

  test("a stream comes message by message, with its error at the end", async () => {
    const values: number[] = [];
    const call = count({ to: 5, failAt: 4 });
    call.on("data", ({ value }) => values.push(value));
    const error = await new Promise((resolve) => call.on("error", resolve));
    expect(values).toEqual([1, 2, 3]);
    expect(plinthError(error)).toMatchObject({ status: 6, reason: "FAIL_AT" });
  });

  test("a client that goes away ends the call in the module", async () => {
    const call = count({ to: 999 });
    call.on("error", () => {});
    await new Promise((resolve) => call.once("data", resolve));
    expect(echo.counting()).toBe(1);
    call.cancel();
    await echo.idle();
    expect(echo.counting()).toBe(0);
  });

  test("health is the gateway's own", async () => {
    const { status } = await unary("/grpc.health.v1.Health/Check", HealthCheckRequestSchema, HealthCheckResponseSchema, {}, "");
    expect(status).toBe(1);
  });

  test.each(["v1", "v1alpha"])("reflection %s tells of the modules' services", async (version) => {
    const call = client.makeBidiStreamRequest(
      `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      (message: MessageShape<typeof ServerReflectionRequestSchema>) => Buffer.from(toBinary(ServerReflectionRequestSchema, message)),
      (bytes) => fromBinary(ServerReflectionResponseSchema, bytes),
    );
    const ask = (messageRequest: MessageShape<typeof ServerReflectionRequestSchema>["messageRequest"]) => {
      const answer = new Promise<MessageShape<typeof ServerReflectionResponseSchema>>((resolve) => call.once("data", resolve));
      call.write(create(ServerReflectionRequestSchema, { messageRequest }));
      return answer;
    };
    const listed = await ask({ case: "listServices", value: "*" });
    expect(listed.messageResponse).toMatchObject({
      case: "listServicesResponse",
      value: { service: expect.arrayContaining([expect.objectContaining({ name: "plinth.testing.v1.EchoService" })]) },
    });
    const file = await ask({ case: "fileContainingSymbol", value: "plinth.testing.v1.EchoService" });
    expect(file.messageResponse.case).toBe("fileDescriptorResponse");
    const nothing = await ask({ case: "fileContainingSymbol", value: "no.Such" });
    expect(nothing.messageResponse).toMatchObject({ case: "errorResponse", value: { errorCode: 5 } });
    call.end();
    await new Promise((resolve) => call.on("end", resolve).on("data", () => {}));
  });
});

describe("Connect and gRPC-Web", () => {
  const connect = (method: string, body: object, headers: Record<string, string> = {}) =>
    fetch(`${plinth.origin}${ECHO}/${method}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${accessToken()}`, ...headers },
      body: JSON.stringify(body),
    });

  test("a Connect call passes; its refusals are in Connect's form", async () => {
    const answer = await connect("Echo", { message: "hi" });
    expect(await answer.json()).toEqual({ message: "hi from user_1 of acme" });
    const refused = await connect("Echo", { message: "hi" }, { authorization: "Bearer nonsense" });
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ code: "unauthenticated", details: [{ type: "google.rpc.ErrorInfo" }] });
    const missing = await connect("EchoRaw", {});
    expect([missing.status, ((await missing.json()) as { code: string }).code]).toEqual([404, "unimplemented"]);
  });

  test("a gRPC-Web refusal has its status in the headers", async () => {
    const refused = await fetch(`${plinth.origin}${ECHO}/Echo`, {
      method: "POST",
      headers: { "content-type": "application/grpc-web+proto" },
    });
    expect(refused.status).toBe(200);
    expect(refused.headers.get("grpc-status")).toBe("16");
    expect(refused.headers.get("content-type")).toBe("application/grpc-web+proto");
  });

  test("REST reaches the same handlers", async () => {
    const answer = await fetch(`${plinth.origin}/api/v1/echo/rest`, { headers: { authorization: `Bearer ${accessToken()}` } });
    expect(await answer.json()).toMatchObject({ success: true, data: { message: "rest from user_1 of acme" } });
  });

  test("the merged OpenAPI document has what the gateway serves, with what it asks for", async () => {
    const document = (await (await fetch(`${plinth.origin}/openapi.json`)).json()) as { paths: Record<string, Record<string, object>> };
    expect(document.paths["/api/v1/fail"]?.post).toMatchObject({ security: [{ bearer: [] }], "x-permission": "echo.fail.run" });
    expect(document.paths["/api/v1/notes"]?.get).toMatchObject({ security: [] });
    expect(document.paths["/api/v1/shelves/{shelf}/notes"]).toBeUndefined();
  });
});
