import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";

/** How a native gRPC call ended. */
export interface GrpcAnswer {
  /** Of the trailers; undefined where the stream was reset or ended without one. */
  readonly status: number | undefined;
  readonly message: string;
  /** Bytes of all messages and the details of the status, as text. */
  readonly text: string;
}

export interface GrpcChannel {
  /** Sends `body` as it is, frame headers and all. */
  call(path: string, body: Uint8Array, headers?: Readonly<Record<string, string>>, options?: { endless?: boolean }): Promise<GrpcAnswer>;
  close(): void;
}

/** Length-prefixed, as gRPC frames a message. */
export function grpcFrame(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

const LIMIT_MS = 5000;
/** For an `endless` stream its first message is the answer. */
const ANSWERED = "0";

/** Speaks gRPC without a gRPC library, so that it can speak it wrongly. */
export function openGrpc(address: string): GrpcChannel {
  const session: ClientHttp2Session = connect(address.startsWith("http") ? address : `http://${address}`);
  session.on("error", () => {});
  return {
    call(path, body, headers = {}, options = {}) {
      return new Promise((accept, reject) => {
        const stream = session.request({
          ":method": "POST",
          ":path": path,
          "content-type": "application/grpc",
          te: "trailers",
          ...headers,
        });
        let found: IncomingHttpHeaders = {};
        const chunks: Buffer[] = [];
        const limit = setTimeout(() => {
          stream.close();
          reject(new Error(`no end within ${LIMIT_MS} ms`));
        }, LIMIT_MS);
        const merge = (more: IncomingHttpHeaders) => {
          found = { ...found, ...more };
        };
        stream.on("response", merge);
        stream.on("trailers", merge);
        stream.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          if (!options.endless) return;
          merge({ "grpc-status": ANSWERED });
          stream.close();
        });
        stream.on("error", () => {});
        stream.on("close", () => {
          clearTimeout(limit);
          const status = found["grpc-status"];
          const message = decodeURIComponent(String(found["grpc-message"] ?? ""));
          const details = Buffer.from(String(found["grpc-status-details-bin"] ?? ""), "base64");
          accept({
            status: status === undefined ? undefined : Number(status),
            message,
            text: `${message}\n${details.toString("latin1")}\n${Buffer.concat(chunks).toString("latin1")}`,
          });
        });
        stream.end(body);
      });
    },
    close: () => session.destroy(),
  };
}
