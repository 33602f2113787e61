/** As much of HTTP/2 (RFC 9113) and HPACK (RFC 7541) as a client needs that sends the same call again and again. */

export const FRAME = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8 } as const;
export const FLAG = { ack: 1, endStream: 1, endHeaders: 4 } as const;
export const FRAME_HEADER_BYTES = 9;
/** The window of a connection before anything is said about it. */
export const FIRST_WINDOW = 65_535;
export const LARGEST_WINDOW = 2 ** 31 - 1;

export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}

export function windowUpdate(stream: number, bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(FRAME.windowUpdate, 0, stream, payload);
}

/** No push, and streams whose answers need no flow control. */
export function clientSettings(): Buffer {
  const payload = Buffer.alloc(12);
  payload.writeUInt16BE(2, 0);
  payload.writeUInt32BE(0, 2);
  payload.writeUInt16BE(4, 6);
  payload.writeUInt32BE(LARGEST_WINDOW, 8);
  return frame(FRAME.settings, 0, 0, payload);
}

export type Header = readonly [name: string, value: string];

/** Spelled out, to be remembered by the other side: it stands in the dynamic table from then on. */
export function remembered([name, value]: Header): Buffer {
  return Buffer.concat([Buffer.of(0x40), hpackText(name), hpackText(value)]);
}

/** Spelled out, and forgotten. */
export function unindexed([name, value]: Header): Buffer {
  return Buffer.concat([Buffer.of(0), hpackText(name), hpackText(value)]);
}

/** By its place in the static table (1 to 61) or in the dynamic one, which begins at 62 with what came last. */
export function indexed(index: number): Buffer {
  return hpackInteger(index, 7, 0x80);
}

function hpackText(text: string): Buffer {
  return Buffer.concat([hpackInteger(text.length, 7, 0), Buffer.from(text, "latin1")]);
}

function hpackInteger(value: number, prefixBits: number, pattern: number): Buffer {
  const limit = 2 ** prefixBits - 1;
  if (value < limit) return Buffer.of(pattern | value);
  const bytes = [pattern | limit];
  let rest = value - limit;
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}
