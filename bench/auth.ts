/**
 * auth over gRPC: token validation and refresh. The service, the stand-ins for identity and authz and a durable Postgres share one core, the
 * load has another. `npm run bench -- auth [--write]`; needs taskset.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { create, type DescMethodUnary, fromBinary, type MessageInitShape, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { AuthService } from "@plinth/proto/auth/v1/auth_pb";
import { LOAD_CORE, RUNS, SECONDS, SERVER_CORE } from "./measure/options.ts";
import { milliseconds, report, table, whole } from "./measure/report.ts";

const SESSIONS = 64;

interface Server {
  readonly grpcPort: number;
  readonly serviceToken: string;
  readonly emails: string[];
  readonly password: string;
}

interface Result {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const child = spawn(
  "taskset",
  ["-c", SERVER_CORE, process.execPath, fileURLToPath(new URL("./auth/server.ts", import.meta.url)), String(SESSIONS)],
  {
    stdio: ["pipe", "pipe", "inherit"],
  },
);
const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
const server = JSON.parse(line) as Server;
// The load is this process, with all its threads.
execFileSync("taskset", ["-acp", LOAD_CORE, String(process.pid)], { stdio: "ignore" });
const client = new Client(`127.0.0.1:${server.grpcPort}`, credentials.createInsecure());

function call<M extends DescMethodUnary>(method: M, request: MessageInitShape<M["input"]>): Promise<MessageShape<M["output"]>> {
  const metadata = new Metadata();
  metadata.set("x-service-token", server.serviceToken);
  metadata.set("x-client-agent", "Bench/1.0");
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      `/${method.parent.typeName}/${method.name}`,
      (message: MessageShape<M["input"]>) => Buffer.from(toBinary(method.input, message)),
      (bytes: Buffer) => fromBinary(method.output, bytes) as MessageShape<M["output"]>,
      create(method.input, request) as MessageShape<M["input"]>,
      metadata,
      (error, answer) => (error === null && answer !== undefined ? resolve(answer) : reject(error ?? new Error("no answer"))),
    );
  });
}

try {
  const { login, refreshToken, validateToken } = AuthService.method;
  const pairs = await Promise.all(server.emails.map((email) => call(login, { email, password: server.password })));
  const access = pairs.map(({ accessToken }) => accessToken);
  const refresh = pairs.map((pair) => pair.refreshToken);
  const validate = (index: number) => call(validateToken, { token: access[index % access.length] ?? "" });
  const rotate = async (index: number) => {
    refresh[index] = (await call(refreshToken, { refreshToken: refresh[index] ?? "" })).refreshToken;
  };
  const rows: [string, Result][] = [
    ["ValidateToken, one at a time", await median(1, validate)],
    ["ValidateToken, 16 at once", await median(16, validate)],
    ["ValidateToken, 64 at once", await median(64, validate)],
    ["RefreshToken, one at a time", await median(1, rotate)],
    ["RefreshToken, 8 at once", await median(8, rotate)],
    ["RefreshToken, 32 at once", await median(32, rotate)],
  ];
  const cells = rows.map(([name, { perSecond, p50Ms, p99Ms }]) => [name, whole(perSecond), milliseconds(p50Ms), milliseconds(p99Ms)]);
  await report("auth", table(["on one core", "calls/s", "p50 ms", "p99 ms"], cells));
} finally {
  client.close();
  child.stdin.end();
  await once(child, "exit");
}

/** The run in the middle by throughput, after one that warms up. */
async function median(lanes: number, work: (lane: number) => Promise<unknown>): Promise<Result> {
  await run(lanes, work, SECONDS / 2);
  const results: Result[] = [];
  for (let count = 0; count < RUNS; count++) results.push(await run(lanes, work, SECONDS));
  return results.sort((one, other) => one.perSecond - other.perSecond)[Math.floor(RUNS / 2)] ?? { perSecond: 0, p50Ms: 0, p99Ms: 0 };
}

/** Each lane sends its next call when the last is answered. */
async function run(lanes: number, work: (lane: number) => Promise<unknown>, seconds: number): Promise<Result> {
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + seconds * 1000;
  const lane = async (index: number) => {
    for (let before = performance.now(); before < end; ) {
      await work(index);
      const after = performance.now();
      latencies.push(after - before);
      before = after;
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, index) => lane(index)));
  const took = (performance.now() - start) / 1000;
  latencies.sort((one, other) => one - other);
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return { perSecond: latencies.length / took, p50Ms: at(0.5), p99Ms: at(0.99) };
}
