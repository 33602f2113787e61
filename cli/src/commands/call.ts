import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import type { JsonValue } from "@bufbuild/protobuf";
import type { Client } from "@grpc/grpc-js";
import { PlinthError } from "@plinth/kernel/base";
import { parseDuration } from "@plinth/module";
import { printJson, printList } from "../output/print-list.ts";
import { callMethod } from "../rpc/call-method.ts";
import { findMethod, findService } from "../rpc/find-method.ts";
import { openGateway } from "../rpc/open-gateway.ts";
import { listServices } from "../rpc/reflection.ts";
import { UsageError } from "../usage-error.ts";

export interface CallOptions {
  readonly token?: string;
  readonly tenant?: string;
  readonly address?: string;
  readonly timeout: string;
  readonly list?: boolean;
  readonly json?: boolean;
}

/** Calls a method through the gateway, as any client would; or lists what can be called. */
export async function call(target: string | undefined, data: string | undefined, options: CallOptions): Promise<void> {
  const { client, address } = await openGateway(options.address);
  try {
    if (options.list) return await list(client, target, options);
    if (target === undefined) throw new UsageError("Name a method: plinth call BlogService/ListPosts. See them: plinth call --list");
    await callTarget(client, target, data, options);
  } catch (error) {
    if (!(error instanceof PlinthError)) throw error;
    throw new Error(failureText(error, address));
  } finally {
    client.close();
  }
}

async function callTarget(client: Client, target: string, data: string | undefined, options: CallOptions): Promise<void> {
  const token = options.token ?? process.env.PLINTH_TOKEN;
  const headers = {
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(options.tenant ? { "x-tenant-id": options.tenant } : {}),
  };
  const parsed = await readData(data);
  const found = await findMethod(client, target);
  for await (const answer of callMethod(client, { ...found, data: parsed, headers, timeoutMs: parseDuration(options.timeout) }))
    printJson(answer);
}

/** `{...}`, `@file`, `-` for standard input; nothing is an empty message. */
async function readData(data: string | undefined): Promise<JsonValue> {
  if (data === undefined) return {};
  const source = data === "-" ? "standard input" : data.startsWith("@") ? data.slice(1) : "the argument";
  const json = data === "-" ? await text(process.stdin) : data.startsWith("@") ? readFileSync(source, "utf8") : data;
  try {
    return JSON.parse(json) as JsonValue;
  } catch (error) {
    throw new UsageError(`${source} is no JSON: ${error instanceof Error ? error.message : error}`);
  }
}

async function list(client: Client, service: string | undefined, { json }: CallOptions): Promise<void> {
  const names = service === undefined ? await listServices(client) : [service];
  const found = await Promise.all(names.map((name) => findService(client, name)));
  const methods = found.flatMap(({ service: { typeName, methods: all } }) =>
    all.map(({ name, input, output, methodKind }) => ({
      method: `${typeName}/${name}`,
      request: input.typeName,
      response: output.typeName,
      stream: methodKind === "server_streaming",
    })),
  );
  printList(
    methods,
    [
      { title: "METHOD", value: ({ method }) => method },
      { title: "TAKES", value: ({ request }) => request.split(".").at(-1) },
      { title: "GIVES", value: ({ response, stream }) => `${stream ? "stream of " : ""}${response.split(".").at(-1)}` },
    ],
    { ...(json === undefined ? {} : { json }), empty: "No method can be called here." },
  );
}

function failureText(error: PlinthError, target: string): string {
  const lines = [`${error.code}${error.reason === error.code ? "" : ` (${error.reason})`}: ${error.message}`];
  for (const [field, problem] of Object.entries(error.fieldErrors)) {
    // Where one field alone is wrong, the message says it.
    if (!error.message.includes(problem)) lines.push(`  ${field}: ${problem}`);
  }
  for (const [name, value] of Object.entries(error.metadata)) lines.push(`  ${name}=${value}`);
  if (error.retryAfterSeconds !== undefined) lines.push(`  again in ${error.retryAfterSeconds} s`);
  if (/ECONNREFUSED|No connection established/.test(error.message))
    lines.push(`  Nobody answers at ${target}. Start the platform: plinth up; or name another --address.`);
  return lines.join("\n");
}
