import { create, type DescMessage, fromBinary, type MessageInitShape, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, Metadata, type Server, type ServiceError } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  CountRequestSchema,
  CountResponseSchema,
  CreateNoteRequestSchema,
  CreateNoteResponseSchema,
  EchoRequestSchema,
  EchoResponseSchema,
  EchoService,
  FailRequestSchema,
  FailResponseSchema,
  GetNoteRequestSchema,
  NoteSchema,
  PublishNoteRequestSchema,
} from "@plinth/proto/testing/v1/echo_pb";
import { PlinthError } from "../base/errors.ts";
import { decodeStatusDetails } from "../status/status-details.ts";
import { type LogLine, plainChain } from "../testing/echo-chain.ts";
import { createEchoProbe, echoHandlers, untilAborted } from "../testing/echo-handlers.ts";
import { eventually } from "../testing/eventually.ts";
import { bindGrpcServer, createGrpcServer, stopGrpcServer } from "./grpc-server.ts";
import { DEFAULT_GRPC_LIMITS } from "./limits.ts";
import { prepareService } from "./method-pipeline.ts";

const probe = createEchoProbe();
const lines: LogLine[] = [];
let server: Server;
let client: Client;

beforeAll(async () => {
  const prepared = prepareService({ service: EchoService, handlers: echoHandlers(probe) }, plainChain(lines));
  server = createGrpcServer([prepared], DEFAULT_GRPC_LIMITS);
  client = new Client(`127.0.0.1:${await bindGrpcServer(server, "127.0.0.1", 0)}`, credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  await stopGrpcServer(server, 1000);
});

function metadata(extra: Record<string, string> = {}): Metadata {
  const made = new Metadata();
  for (const [name, value] of Object.entries({ "x-service-token": "service:shop", ...extra })) if (value !== "") made.set(name, value);
  return made;
}

interface Answer<O extends DescMessage> {
  message: MessageShape<O>;
  headers: Metadata;
}

function unary<I extends DescMessage, O extends DescMessage>(
  method: string,
  input: I,
  output: O,
  request: MessageInitShape<I> | Uint8Array,
  headers: Record<string, string> = {},
  deadlineMs?: number,
): Promise<Answer<O>> {
  return new Promise((resolve, reject) => {
    let received = new Metadata();
    client
      .makeUnaryRequest(
        `/plinth.testing.v1.EchoService/${method}`,
        (value: Uint8Array) => Buffer.from(value),
        (bytes) => fromBinary(output, bytes),
        request instanceof Uint8Array ? request : toBinary(input, create(input, request)),
        metadata(headers),
        deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs },
        (error, value) => {
          if (error === null && value !== undefined) resolve({ message: value, headers: received });
          else reject(error);
        },
      )
      .on("metadata", (value: Metadata) => {
        received = value;
      });
  });
}

async function failureOf(answer: Promise<unknown>): Promise<{ status: number; error: PlinthError }> {
  try {
    await answer;
  } catch (thrown) {
    const { code, details, metadata: trailers } = thrown as ServiceError;
    const bytes = trailers.get("grpc-status-details-bin")[0];
    return { status: code, error: decodeStatusDetails(typeof bytes === "string" ? undefined : bytes, code, details) };
  }
  throw new Error("The call did not fail.");
}

const echo = (message: string, headers: Record<string, string> = {}) =>
  unary("Echo", EchoRequestSchema, EchoResponseSchema, { message }, headers);

describe("unary over gRPC", () => {
  test("answers, at once or later", async () => {
    expect((await echo("hello")).message.message).toBe("hello");
    const created = await unary("CreateNote", CreateNoteRequestSchema, CreateNoteResponseSchema, { shelf: "top", note: { title: "A" } });
    expect(created.message.note?.title).toBe("A");
    expect(created.headers.get("x-created")).toEqual(["1"]);
  });

  test("what a call began is not aborted by the call's own end", async () => {
    await unary("PublishNote", PublishNoteRequestSchema, NoteSchema, { id: "n1", reason: "ready" });
    // The end of the first call's stream is known by the time a second one is answered.
    await echo("later");
    expect(probe.contexts.at(-1)?.signal.aborted).toBe(false);
  });

  test.each([
    ["", "MISSING_TOKEN", 16],
    ["nonsense", "INVALID_TOKEN", 16],
    ["service:stranger", "PERMISSION_DENIED", 7],
    ["service:slow-stranger", "PERMISSION_DENIED", 7],
  ])("service token %p is refused with %s", async (token, reason, status) => {
    const failure = await failureOf(echo("x", { "x-service-token": token }));
    expect(failure).toMatchObject({ status, error: { reason } });
    if (status === 7) {
      expect(failure.error.metadata).toEqual({ from: "stranger", to: "echo", method: "plinth.testing.v1.EchoService/Echo" });
    }
  });

  test("the context has caller, user, tenant, request id and address; a user's tenant beats the header's", async () => {
    const get = (headers: Record<string, string>) => unary("GetNote", GetNoteRequestSchema, NoteSchema, { name: "n" }, headers);
    expect((await get({ "x-tenant-id": "globex" })).message.title).toBe("by nobody of globex through shop");
    const headers = { authorization: "Bearer user:bob", "x-tenant-id": "globex", "x-request-id": "r-1", "x-client-address": "10.1.2.3" };
    expect((await get(headers)).message.title).toBe("by bob@acme.test of acme through shop");
    expect(probe.contexts.at(-1)).toMatchObject({ requestId: "r-1", clientAddress: "10.1.2.3", module: "echo" });
    let address: string | undefined;
    probe.beforePublish = (context) => {
      address = context.clientAddress;
    };
    await unary("PublishNote", PublishNoteRequestSchema, NoteSchema, { id: "1" });
    expect(address).toBe("127.0.0.1");
    expect((await failureOf(get({ authorization: "Bearer forged" }))).error.reason).toBe("INVALID_TOKEN");
  });

  test("broken rules name their fields", async () => {
    const request = { shelf: "x", note: { title: "", tags: ["ok", "NOT"], author: { displayName: "" } } };
    const { status, error } = await failureOf(unary("CreateNote", CreateNoteRequestSchema, CreateNoteResponseSchema, request));
    expect(status).toBe(3);
    expect(error.code).toBe("VALIDATION_ERROR");
    expect(Object.keys(error.fieldErrors).sort()).toEqual(["note.author.display_name", "note.tags[1]", "note.title", "shelf"]);
  });

  test("bytes that are no message are the caller's fault", async () => {
    const torn = Uint8Array.of(10, 200, 1);
    const { status, error } = await failureOf(unary("Echo", EchoRequestSchema, EchoResponseSchema, torn));
    expect({ status, code: error.code }).toEqual({ status: 3, code: "BAD_REQUEST" });
  });

  test.each(["NOT_FOUND", "RATE_LIMITED", "VALIDATION_ERROR", "DEPENDENCY_FAILED"])(
    "%s arrives with reason, facts and wait",
    async (code) => {
      const { error } = await failureOf(unary("Fail", FailRequestSchema, FailResponseSchema, { code }));
      expect(error).toMatchObject({ reason: "TOLD_TO_FAIL", metadata: { asked: code } });
      if (code === "RATE_LIMITED") expect(error.retryAfterSeconds).toBe(7);
    },
  );

  test.each(["crash", "INTERNAL_ERROR"])("%s does not tell its words, but the log has them", async (code) => {
    lines.length = 0;
    const { status, error } = await failureOf(unary("Fail", FailRequestSchema, FailResponseSchema, { code }));
    expect(status).toBe(13);
    expect(JSON.stringify(error) + error.message).not.toMatch(/secret|asked/);
    const errors = lines.filter(({ level }) => level === "error");
    expect(errors).toHaveLength(1);
    expect(String(errors[0]?.fields?.error)).toContain("secret");
  });

  test("the deadline ends a call and its handler's signal", async () => {
    const aborted = new Promise<unknown>((resolve) => {
      probe.beforePublish = ({ signal }) =>
        new Promise<void>((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            resolve(signal.reason);
            reject(signal.reason as Error);
          });
        });
    });
    const failure = await failureOf(unary("PublishNote", PublishNoteRequestSchema, NoteSchema, { id: "1" }, {}, 50));
    expect(failure.status).toBe(4);
    expect(await aborted).toBeInstanceOf(PlinthError);
    probe.beforePublish = () => undefined;
  });
});

describe("server streams over gRPC", () => {
  function count(request: MessageInitShape<typeof CountRequestSchema>, headers: Record<string, string> = {}) {
    return client.makeServerStreamRequest(
      "/plinth.testing.v1.EchoService/Count",
      (value: MessageShape<typeof CountRequestSchema>) => Buffer.from(toBinary(CountRequestSchema, value)),
      (bytes) => fromBinary(CountResponseSchema, bytes),
      create(CountRequestSchema, request),
      metadata(headers),
    );
  }

  async function collect(stream: AsyncIterable<MessageShape<typeof CountResponseSchema>>): Promise<number[]> {
    const values: number[] = [];
    for await (const { value } of stream) values.push(value);
    return values;
  }

  test("all messages arrive in order", async () => {
    expect(await collect(count({ to: 1000 }))).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1));
  });

  test("refusals, broken rules and late failures arrive as errors", async () => {
    expect((await failureOf(collect(count({ to: 3 }, { "x-service-token": "" })))).error.reason).toBe("MISSING_TOKEN");
    expect((await failureOf(collect(count({ to: 5000 })))).error.fieldErrors).toHaveProperty("to");
    expect((await failureOf(collect(count({ to: 3, failAt: 2 })))).error.reason).toBe("FAIL_AT");
  });

  test("a client that leaves ends the handler", async () => {
    probe.betweenCounts = untilAborted;
    const stream = count({ to: 1000 });
    const left = new Promise((resolve) => stream.on("error", resolve));
    await new Promise((resolve) => stream.once("data", resolve));
    stream.cancel();
    await left;
    await eventually(() => probe.counting === 0);
    probe.betweenCounts = () => undefined;
  });
});
