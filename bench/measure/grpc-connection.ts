import { connect, type Socket } from "node:net";
import type { CallTemplate } from "./call-template.ts";
import {
  clientSettings,
  FIRST_WINDOW,
  FLAG,
  FRAME,
  FRAME_HEADER_BYTES,
  frame,
  LARGEST_WINDOW,
  PREFACE,
  windowUpdate,
} from "./http2-frames.ts";

/** Told of each answered call: when it was begun, as `performance.now()` or whatever clock `send` was given. */
type Answered = (begunAt: number, connection: GrpcConnection) => void;

/** Streams that can be open at a time. */
const SLOTS = 2 ** 16;

/**
 * A connection that sends one call over and over. It reads no headers: an answer is right when it has as many bytes of data as the request, which no
 * error has. That leaves the load so cheap that the server is what is measured.
 */
export class GrpcConnection {
  readonly #socket: Socket;
  readonly #template: CallTemplate;
  readonly #answered: Answered;
  readonly #begunAt = new Float64Array(SLOTS);
  readonly #received = new Int32Array(SLOTS);
  #nextStream = 1;
  #sendWindow = FIRST_WINDOW;
  #unacknowledged = 0;
  #waiting: number[] = [];
  #rest: Buffer = Buffer.alloc(0);

  constructor(port: number, template: CallTemplate, answered: Answered) {
    this.#template = template;
    this.#answered = answered;
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.write(Buffer.concat([PREFACE, clientSettings(), windowUpdate(0, LARGEST_WINDOW - FIRST_WINDOW)]));
    this.#socket.on("data", (chunk: Buffer) => this.#read(chunk));
    this.#socket.on("error", (error) => {
      throw error;
    });
  }

  /** Begins a call; one that the server's window has no room for waits, and its time runs. */
  send(begunAt: number): void {
    if (this.#sendWindow < this.#template.bodyBytes) {
      this.#waiting.push(begunAt);
      return;
    }
    this.#sendWindow -= this.#template.bodyBytes;
    const slot = (this.#nextStream >> 1) % SLOTS;
    this.#begunAt[slot] = begunAt;
    this.#received[slot] = 0;
    this.#socket.write(this.#template.write(this.#nextStream, this.#nextStream === 1));
    this.#nextStream += 2;
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    this.#socket.cork();
    while (bytes.length - at >= FRAME_HEADER_BYTES) {
      const length = bytes.readUIntBE(at, 3);
      const end = at + FRAME_HEADER_BYTES + length;
      if (end > bytes.length) break;
      this.#handle(
        bytes[at + 3] as number,
        bytes[at + 4] as number,
        bytes.readUInt32BE(at + 5),
        bytes.subarray(at + FRAME_HEADER_BYTES, end),
      );
      at = end;
    }
    this.#rest = bytes.subarray(at);
    this.#socket.uncork();
  }

  #handle(type: number, flags: number, stream: number, payload: Buffer): void {
    const slot = (stream >> 1) % SLOTS;
    if (type === FRAME.data) {
      this.#received[slot] = (this.#received[slot] as number) + payload.length;
      this.#unacknowledged += payload.length;
      if (this.#unacknowledged > LARGEST_WINDOW / 2) {
        this.#socket.write(windowUpdate(0, this.#unacknowledged));
        this.#unacknowledged = 0;
      }
    } else if (type === FRAME.headers) {
      if ((flags & FLAG.endStream) !== 0) this.#ended(slot);
    } else if (type === FRAME.windowUpdate) {
      if (stream === 0) this.#widen(payload.readUInt32BE(0));
    } else if (type === FRAME.settings) {
      if ((flags & FLAG.ack) === 0) this.#socket.write(frame(FRAME.settings, FLAG.ack, 0, Buffer.alloc(0)));
    } else if (type === FRAME.ping) {
      if ((flags & FLAG.ack) === 0) this.#socket.write(frame(FRAME.ping, FLAG.ack, 0, payload));
    } else if (type === FRAME.reset || type === FRAME.goAway) {
      throw new Error(`The server ended ${type === FRAME.reset ? `stream ${stream}` : "the connection"}.`);
    }
  }

  /** The trailers are there. */
  #ended(slot: number): void {
    const received = this.#received[slot];
    if (received !== this.#template.bodyBytes) throw new Error(`An answer has ${received} bytes instead of ${this.#template.bodyBytes}.`);
    this.#answered(this.#begunAt[slot] as number, this);
  }

  #widen(bytes: number): void {
    this.#sendWindow += bytes;
    while (this.#waiting.length > 0 && this.#sendWindow >= this.#template.bodyBytes) this.send(this.#waiting.shift() as number);
  }
}
