/** Bytes before each message: a flag for compression, and the length. */
const HEAD = 5;

export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(HEAD + message.length);
  framed.writeUInt8(0, 0);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, HEAD);
  return framed;
}

/** Cuts a stream of bytes into gRPC messages, whatever pieces it comes in. Refuses compressed messages and ones over `maxBytes`. */
export function createFrameReader(maxBytes: number, onMessage: (message: Buffer) => void): (chunk: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);
  return (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (pending.length >= HEAD) {
      const length = pending.readUInt32BE(1);
      if (pending[0] !== 0 || length > maxBytes) throw new RangeError("This gRPC message is compressed or too long.");
      if (pending.length < HEAD + length) return;
      const message = pending.subarray(HEAD, HEAD + length);
      pending = pending.subarray(HEAD + length);
      onMessage(message);
    }
  };
}
