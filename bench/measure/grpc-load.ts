import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Load } from "./load.ts";
import { LOAD_CORE, SECONDS } from "./options.ts";

const run = promisify(execFile);

export interface GrpcCall {
  readonly port: number;
  /** `/plinth.testing.v1.EchoService/Echo` */
  readonly path: string;
  /** Headers that are the same on every call. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether each call brings a `x-request-id` and a `traceparent` of its own, one trace in a hundred sampled. */
  readonly traced: boolean;
  /** The request message; an echo answers the same bytes. */
  readonly message: Uint8Array;
}

export interface GrpcPressure {
  readonly connections: number;
  /** Calls in flight on each connection. */
  readonly inFlight: number;
  /** Calls per second in all, begun by the clock whether or not earlier ones are answered; absent: as fast as they are. */
  readonly perSecond?: number;
  readonly seconds?: number;
}

/** What the load process is told, as JSON. */
export interface GrpcLoadOrder extends Omit<GrpcCall, "message">, Omit<GrpcPressure, "seconds"> {
  readonly message: string;
  readonly seconds: number;
}

/** Loads a gRPC server with unary echo calls, from a process on the load's core. Throws when an answer is not the echo. */
export async function loadGrpc(call: GrpcCall, pressure: GrpcPressure): Promise<Load> {
  const order: GrpcLoadOrder = { seconds: SECONDS, ...call, ...pressure, message: Buffer.from(call.message).toString("base64") };
  const script = join(import.meta.dirname, "grpc-load-process.ts");
  const args = ["-c", LOAD_CORE, process.execPath, script, JSON.stringify(order)];
  const { stdout } = await run("taskset", args).catch((failure: { stderr: string }) => {
    throw new Error(`The load on port ${call.port} failed: ${failure.stderr}`);
  });
  return JSON.parse(stdout) as Load;
}
