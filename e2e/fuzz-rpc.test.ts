import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createFileRegistry, type DescField, type DescMessage, type DescMethod, fromBinary, ScalarType } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Account, anAccount, callApi } from "./accounts.ts";
import { freshAddress, startHostilePlatform } from "./hostile-platform.ts";
import { insideOf, SECRET_TEXT, showsSecret } from "./leaks.ts";
import { type LocalPlatform, ROOT } from "./local-platform.ts";
import { type GrpcChannel, grpcFrame, openGrpc } from "./raw-grpc.ts";
import { send } from "./raw-http.ts";
import { serviceToken } from "./service-tokens.ts";

/** The same bytes in every run. */
const SEED = 20_260_702;
const MESSAGES_PER_METHOD = 14;

const MODULES = readdirSync(join(ROOT, "services"));

let platform: LocalPlatform;
let gateway: string;
let administrator: Account;

beforeAll(async () => {
  platform = await startHostilePlatform();
  gateway = await platform.url("gateway");
  administrator = await anAccount(platform, "ada@example.com", { administrator: true });
}, 90_000);

afterAll(async () => {
  await platform.stop();
  await platform.remove();
});

/** All methods of the modules, with the module that serves each. */
function methods(): { module: string; method: DescMethod; key: string }[] {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(join(ROOT, "proto/gen/image.binpb"))));
  const found = [];
  for (const type of registry) {
    const module = type.kind === "service" ? (/^plinth\.(\w+)\.v1\./.exec(type.typeName)?.[1]?.replaceAll("_", "-") ?? "") : "";
    if (type.kind !== "service" || !MODULES.includes(module)) continue;
    for (const method of type.methods) found.push({ module, method, key: `${type.typeName}/${method.name}` });
  }
  return found;
}

/** A string in field `number`. */
const field = (number: number, bytes: Uint8Array) => Buffer.concat([Buffer.from([(number << 3) | 2, ...varint(bytes.length)]), bytes]);

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

function nested(depth: number): Buffer {
  let message = field(1, Buffer.from("x"));
  for (let level = 0; level < depth; level++) message = field((level % 6) + 1, message);
  return message;
}

/** Bytes that have broken decoders before. */
const BROKEN: readonly Uint8Array[] = [
  new Uint8Array(0),
  Buffer.from([0]),
  Buffer.from([0xff]),
  Buffer.alloc(12, 0xff),
  Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
  Buffer.from([0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]),
  Buffer.from([0x0c]),
  Buffer.alloc(5000, 0x0b),
  Buffer.from([0x08, 1, 0x10, 1, 0x18, 1, 0x20, 1, 0x28, 1]),
  Buffer.from([0x0d, 1, 2, 3, 4, 0x15, 1, 2, 3, 4]),
  field(1, Buffer.from([0xff, 0xc0, 0x80])),
  field(1, Buffer.from("a\0b")),
  Buffer.concat([1, 2, 3, 4, 5, 6].map((number) => field(number, Buffer.from("\0")))),
  field(15, Buffer.alloc(5000, 0x61)),
  field(1, Buffer.from("cut off")).subarray(0, -3),
  nested(90),
  nested(400),
  nested(5000),
];

const message = fc.oneof(
  fc.constantFrom(...BROKEN),
  fc.uint8Array({ maxLength: 60 }),
  fc
    .array(
      fc.tuple(
        fc.integer({ min: 1, max: 12 }),
        fc.oneof(
          fc.uint8Array({ maxLength: 20 }),
          fc.string().map((text) => Buffer.from(text)),
        ),
      ),
    )
    .map((fields) => Buffer.concat(fields.map(([number, bytes]) => field(number, bytes)))),
);

/** Methods that take nothing are called with what is no message at all: else they would just be called, and some take their time. */
function messagesFor({ input }: DescMethod, index: number): Uint8Array[] {
  const samples = [...withSecrets(input), ...fc.sample(message, { numRuns: MESSAGES_PER_METHOD, seed: SEED + index })];
  return input.fields.length > 0 ? samples : samples.filter((bytes) => !decodes(input, bytes));
}

/** Whole and cut off, with the secret in the fields that hold one. */
function withSecrets({ fields }: DescMessage): Uint8Array[] {
  const texts = fields.filter(({ fieldKind, scalar }) => fieldKind === "scalar" && scalar === ScalarType.STRING);
  if (!texts.some(isSecret)) return [];
  const bytes = Buffer.concat(texts.map((text) => field(text.number, Buffer.from(isSecret(text) ? SECRET_TEXT : "fuzzed@example.com"))));
  return [bytes, bytes.subarray(0, -3), Buffer.concat([bytes, Buffer.from([0xff])])];
}

function isSecret({ proto }: DescField): boolean {
  return proto.options?.debugRedact === true;
}

function decodes(input: DescMessage, bytes: Uint8Array): boolean {
  try {
    fromBinary(input, bytes);
    return true;
  } catch {
    return false;
  }
}

/** Frames that break the rules of framing. */
const FRAMES: readonly Uint8Array[] = [
  new Uint8Array(0),
  Buffer.from([0, 0, 0]),
  Buffer.from([0, 0, 0, 0, 9, 1]),
  Buffer.from([1, 0, 0, 0, 1, 1]),
  Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1]),
  Buffer.concat([grpcFrame(Buffer.alloc(0)), grpcFrame(Buffer.alloc(0))]),
  Buffer.from([0xff, 0, 0, 0, 0]),
];

/** Cancelled, unknown, deadline, internal, unavailable, data loss: none of them is what a client did wrong. */
const OUR_FAULT = new Set([2, 4, 13, 14, 15]);
const OUR_CODES = /"code":"(unknown|internal|unavailable|data_loss|deadline_exceeded)"/;

async function callConnect(baseUrl: string, key: string, body: Uint8Array, headers: [string, string][], faults: string[]): Promise<void> {
  const answer = await send(baseUrl, {
    method: "POST",
    path: `/${key}`,
    headers: [["content-type", "application/proto"], ["connect-protocol-version", "1"], ...headers],
    body,
  });
  const shown = `${key} over Connect with ${Buffer.from(body).toString("hex").slice(0, 200)}: ${answer.status} ${answer.body.slice(0, 300)}`;
  const isGood = answer.status >= 200 && answer.status < 300;
  if (!isGood && (answer.status < 400 || answer.status >= 500 || OUR_CODES.test(answer.body))) faults.push(shown);
  else if (!isGood && (showsSecret(answer.text) || insideOf(answer.body).length > 0))
    faults.push(`${insideOf(answer.body)} or a secret: ${shown}`);
}

async function callGrpc(
  channel: GrpcChannel,
  key: string,
  body: Uint8Array,
  headers: Record<string, string>,
  endless: boolean,
  faults: string[],
) {
  const { status, text } = await channel.call(`/${key}`, body, headers, { endless });
  const shown = `${key} over gRPC with ${Buffer.from(body).toString("hex").slice(0, 200)}: ${status} ${text.slice(0, 300)}`;
  if (status === undefined || OUR_FAULT.has(status)) faults.push(shown);
  else if (status !== 0 && (showsSecret(text) || insideOf(text).length > 0)) faults.push(`${insideOf(text)} or a secret: ${shown}`);
}

test("every method, over Connect and gRPC through the gateway, refuses bytes that are no message", async () => {
  const faults: string[] = [];
  const channel = openGrpc(gateway);
  for (const [index, { key, method }] of methods().entries()) {
    const endless = method.methodKind === "server_streaming";
    // Of each method's own: some end the sessions of whoever calls them.
    const email = `admin${index}@example.com`;
    const account = await anAccount(platform, email, { headers: { "x-forwarded-for": freshAddress() } });
    await callApi(platform, "POST", `/authz/users/${account.id}/roles`, { body: { role: "platform-admin" }, token: administrator.token });
    for (const bytes of messagesFor(method, index)) {
      const headers = { authorization: `Bearer ${account.token}`, "x-forwarded-for": freshAddress() };
      if (!endless) await callConnect(gateway, key, bytes, Object.entries(headers), faults);
      await callGrpc(channel, key, grpcFrame(bytes), headers, endless, faults);
    }
  }
  channel.close();
  expect(faults.slice(0, 10).join("\n\n")).toBe("");
  expect((await fetch(`${gateway}/ready`)).status).toBe(200);
}, 120_000);

test("every method, called by a module that may, refuses bytes that are no message", async () => {
  const faults: string[] = [];
  const uncalled: string[] = [];
  for (const [index, { module, key, method }] of methods().entries()) {
    const url = await platform.url(module);
    const channel = openGrpc(await platform.grpcAddress(module));
    let isCalled = false;
    for (const caller of MODULES) {
      const headers = { "x-service-token": await serviceToken(platform, caller, module) };
      if ((await channel.call(`/${key}`, grpcFrame(Buffer.from([0xff])), headers)).status === 7) continue;
      isCalled = true;
      for (const bytes of messagesFor(method, index)) {
        const endless = method.methodKind === "server_streaming";
        if (!endless) await callConnect(url, key, bytes, Object.entries(headers), faults);
        await callGrpc(channel, key, grpcFrame(bytes), headers, endless, faults);
      }
      break;
    }
    if (!isCalled) uncalled.push(key);
    channel.close();
  }
  expect(faults.slice(0, 10).join("\n\n")).toBe("");
  // Methods that nobody may call cannot be tried either; there are few.
  expect(uncalled.length).toBeLessThan(methods().length / 4);
}, 120_000);

test("frames that are none do not break a connection for the next call", async () => {
  const key = "plinth.auth.v1.AuthService/ValidateToken";
  const headers = { "x-service-token": await serviceToken(platform, "gateway", "auth") };
  for (const [address, extra] of [
    [gateway, {}],
    [await platform.grpcAddress("auth"), headers],
  ] as const) {
    for (const frame of FRAMES) {
      const channel = openGrpc(address);
      const answer = await channel.call(`/${key}`, frame, extra);
      expect({ frame: Buffer.from(frame).toString("hex"), refused: answer.status !== 0 }).toMatchObject({ refused: true });
      await expect(channel.call(`/${key}`, grpcFrame(field(1, Buffer.from("x"))), extra)).resolves.toMatchObject({ status: 16 });
      channel.close();
    }
  }
});
