import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { create } from "@bufbuild/protobuf";
import { expect, test } from "@jest/globals";
import { type HttpBody, HttpBodySchema } from "@plinth/proto/google/api/httpbody_pb";
import { EchoService } from "@plinth/proto/testing/v1/echo_pb";
import { forbidden } from "../../base/errors.ts";
import { Call } from "../call.ts";
import { writeRawStream } from "./write-raw-stream.ts";

const reader = { get: () => undefined, all: () => new Headers(), peer: () => undefined };
const body = (text: string, contentType = "") => create(HttpBodySchema, { contentType, data: new TextEncoder().encode(text) });

/** What a client gets of a stream. */
async function served(
  messages: () => AsyncGenerator<HttpBody>,
): Promise<{ status: number; type: string | null; name: string | null; text: Promise<string> }> {
  const server = createServer((request, response) => {
    const call = new Call(EchoService.method.count, "echo", "rest", reader, undefined);
    call.responseHeaders.set("content-disposition", "attachment");
    void writeRawStream(call, request, response, messages());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const text = response.text().finally(() => server.close());
  text.catch(() => undefined);
  return { status: response.status, type: response.headers.get("content-type"), name: response.headers.get("content-disposition"), text };
}

test("chunks are one body, of the media type that the first one says", async () => {
  const large = "x".repeat(300_000);
  const answer = await served(async function* () {
    yield body("a,b\r\n", "text/csv");
    yield body(large, "text/ignored");
    yield body("");
    yield body("end");
  });
  expect(answer).toMatchObject({ status: 200, type: "text/csv", name: "attachment" });
  expect(await answer.text).toBe(`a,b\r\n${large}end`);
});

test("no chunk is an empty body", async () => {
  const answer = await served(async function* () {});
  expect(answer).toMatchObject({ status: 200, type: "application/octet-stream" });
  expect(await answer.text).toBe("");
});

test("an error before the first chunk is a plain answer", async () => {
  // biome-ignore lint/correctness/useYield: it fails before
  const answer = await served(async function* () {
    throw forbidden("Not you.");
  });
  expect(answer.status).toBe(403);
  expect(JSON.parse(await answer.text)).toMatchObject({ success: false, error: { code: "FORBIDDEN" } });
});

test("a later error breaks the connection: half a file is not taken for a whole one", async () => {
  const answer = await served(async function* () {
    yield body("half", "text/plain");
    throw forbidden("Not you.");
  });
  expect(answer.status).toBe(200);
  await expect(answer.text).rejects.toThrow();
});
