import { FLAG, FRAME, FRAME_HEADER_BYTES, frame, type Header, indexed, remembered, unindexed } from "./http2-frames.ts";

/** A unary call as bytes, but for its stream and its ids. */
export interface CallTemplate {
  /** The first call of a connection spells its headers out, all others refer to them. */
  write(stream: number, first: boolean): Buffer;
  /** Bytes of DATA that one call sends, and its echo brings back. */
  readonly bodyBytes: number;
}

/** `00-<trace id>-<span id>-0<sampled>`: where the digits that change stand in the value. */
const TRACE_DIGITS = "00-".length + 20;
const SAMPLED_DIGIT = 54;
const REQUEST_DIGITS = 24;
const SAMPLED_EVERY = 100;

export function callTemplate(pairs: readonly Header[], traced: boolean, message: Uint8Array): CallTemplate {
  // POST and http are in HPACK's static table.
  const method = Buffer.concat([indexed(3), indexed(6)]);
  const spelled = Buffer.concat([method, ...pairs.map(remembered)]);
  const referred = Buffer.concat([method, ...pairs.map((_, index) => indexed(62 + pairs.length - 1 - index))]);
  const ids = traced
    ? [unindexed(["x-request-id", "0".repeat(36)]), unindexed(["traceparent", `00-${"1".repeat(32)}-${"2".repeat(16)}-00`])]
    : [];
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  const body = Buffer.concat([prefix, message]);
  const forms = [spelled, referred].map((fixed) => {
    const block = Buffer.concat([fixed, ...ids]);
    return Buffer.concat([frame(FRAME.headers, FLAG.endHeaders, 1, block), frame(FRAME.data, FLAG.endStream, 1, body)]);
  });
  const traceparentEnd = FRAME_HEADER_BYTES + body.length;
  let count = 0;
  return {
    bodyBytes: body.length,
    write(stream, first) {
      const bytes = Buffer.from(forms[first ? 0 : 1] as Buffer);
      const dataAt = bytes.length - traceparentEnd;
      bytes.writeUInt32BE(stream, 5);
      bytes.writeUInt32BE(stream, dataAt + 5);
      if (traced) {
        count++;
        const digits = count.toString(16).padStart(12, "0");
        const traceparent = dataAt - 55;
        bytes.write(digits, traceparent + TRACE_DIGITS, "latin1");
        if (count % SAMPLED_EVERY === 0) bytes[traceparent + SAMPLED_DIGIT] = 0x31;
        // Before it: the name and the length of traceparent.
        bytes.write(digits, traceparent - "traceparent".length - 3 - 36 + REQUEST_DIGITS, "latin1");
      }
      return bytes;
    },
  };
}
