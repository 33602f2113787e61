import { callTemplate } from "./call-template.ts";
import { GrpcConnection } from "./grpc-connection.ts";
import type { GrpcLoadOrder } from "./grpc-load.ts";
import type { Header } from "./http2-frames.ts";
import type { Load } from "./load.ts";

/** The load of one measurement: `argv[2]` says what, one line of JSON says what was found. */
const order = JSON.parse(process.argv[2] ?? "") as GrpcLoadOrder;

/** In the order in which clients send them. */
const headers: Header[] = [
  [":path", order.path],
  [":authority", `127.0.0.1:${order.port}`],
  ["te", "trailers"],
  ["content-type", "application/grpc"],
  ["user-agent", "grpc-node-js/1.14.7"],
  // Some servers would compress answers of this size and others not.
  ["grpc-accept-encoding", "identity"],
  ...Object.entries(order.headers),
];
const template = callTemplate(headers, order.traced, Buffer.from(order.message, "base64"));
const latencies: number[] = [];
let stopped = false;

const closedLoop = order.perSecond === undefined;
const connections = Array.from(
  { length: order.connections },
  () =>
    new GrpcConnection(order.port, template, (begunAt, connection) => {
      if (stopped) return;
      const now = performance.now();
      latencies.push(now - begunAt);
      if (closedLoop) connection.send(now);
    }),
);

const startedAt = performance.now();
const endsAt = startedAt + order.seconds * 1000;
if (order.perSecond === undefined) {
  for (const connection of connections) for (let index = 0; index < order.inFlight; index++) connection.send(startedAt);
  setTimeout(finish, order.seconds * 1000);
} else {
  pace(order.perSecond / 1000, 0);
}

/** Begins the calls that are due. It never rests: a timer would be late by up to a millisecond, more than what is measured. */
function pace(perMs: number, begun: number): void {
  const now = performance.now();
  if (now >= endsAt) {
    finish();
    return;
  }
  let next = begun;
  for (; startedAt + next / perMs <= now; next++) connections[next % connections.length]?.send(startedAt + next / perMs);
  setImmediate(pace, perMs, next);
}

function finish(): void {
  stopped = true;
  const seconds = (performance.now() - startedAt) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor((latencies.length - 1) * share)] ?? Number.NaN;
  const load: Load = { calls: latencies.length, perSecond: latencies.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
  for (const connection of connections) connection.close();
  process.stdout.write(JSON.stringify(load));
}
