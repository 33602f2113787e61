import type { DescMethod } from "@bufbuild/protobuf";
import { Code, type ConnectError, createContextKey, createContextValues } from "@connectrpc/connect";
import { encodeEnvelope, type UniversalServerResponse } from "@connectrpc/connect/protocol";
import { endStreamFlag, endStreamToJson, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { trailerFlag, trailerSerialize } from "@connectrpc/connect/protocol-grpc-web";

/**
 * Connect decodes a message before it calls, and answers what it cannot decode by itself: bytes with `internal`, as if the fault were
 * ours, JSON with words that quote the value at fault, which may be a password. Such answers are replaced here.
 */

/** Whether a request got past decoding; one for each. */
export interface Passage {
  decoded: boolean;
}

export const PASSAGE = createContextKey<Passage>({ decoded: true });

export function contextWith(passage: Passage) {
  return createContextValues().set(PASSAGE, passage);
}

/** The answer to a request that was not decoded, with `refusal` in the place of an error that blames us or quotes. */
export async function replaceRefusal(
  answer: UniversalServerResponse,
  method: DescMethod,
  refusal: (method: DescMethod) => ConnectError,
): Promise<UniversalServerResponse> {
  const type = answer.header?.get("content-type") ?? "";
  const { body } = answer;
  if (body === undefined) return answer;
  if (answer.status !== 200) {
    if (answer.status !== 400 && answer.status !== 500) return answer;
    await read(body);
    const bytes = errorToJsonBytes(refusal(method), undefined);
    const header = new Headers({ ...Object.fromEntries(answer.header ?? []), "content-type": "application/json" });
    header.delete("content-encoding");
    header.delete("content-length");
    return { ...answer, status: 400, header, body: once(bytes) };
  }
  const frame = await read(body);
  if (!saysMalformed(frame)) return { ...answer, body: once(frame) };
  const error = refusal(method);
  if (!type.startsWith("application/grpc-web")) {
    const end = Buffer.from(JSON.stringify(endStreamToJson(new Headers(), error, undefined)));
    return { ...answer, body: once(encodeEnvelope(endStreamFlag, end)) };
  }
  const trailer = new Headers();
  setTrailerStatus(trailer, error);
  return { ...answer, body: once(encodeEnvelope(trailerFlag, trailerSerialize(trailer))) };
}

const COMPRESSED = 1;
const FRAME_HEAD = 5;

/** Only errors that quote what they were sent are long enough to be compressed. */
function saysMalformed(frame: Uint8Array): boolean {
  if (((frame[0] ?? 0) & COMPRESSED) !== 0) return true;
  const text = Buffer.from(frame.subarray(FRAME_HEAD)).toString();
  return text.includes('"code":"internal"') || text.includes('"code":"invalid_argument"') || BLAMING_STATUS.test(text);
}

const BLAMING_STATUS = new RegExp(`^grpc-status: (${Code.InvalidArgument}|${Code.Unknown}|${Code.Internal})\\r?$`, "m");

async function read(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
