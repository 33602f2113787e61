import { create, toBinary } from "@bufbuild/protobuf";
import { EchoRequestSchema } from "@plinth/proto/testing/v1/echo_pb";
import { type GrpcCall, type GrpcPressure, loadGrpc } from "./measure/grpc-load.ts";
import { isWanted } from "./measure/options.ts";
import { type CountedLoad, counted } from "./measure/processor-time.ts";
import { milliseconds, ratio, report, table, whole } from "./measure/report.ts";
import { inRounds, median } from "./measure/rounds.ts";
import { peakMemory, type ServerProcess, startServer } from "./measure/server-process.ts";
import { type HttpRequest, wrk } from "./measure/wrk.ts";
import { createCallers } from "./rpc/callers.ts";
import type { PlinthPorts } from "./rpc/plinth.ts";

/**
 * What a call through the whole kernel costs, beside servers that do nothing but answer: an echo of 1 KB by gRPC, REST and Connect, each server on one
 * core and the load on another. `npm run bench -- rpc [contenders…] [--write]`; needs wrk and taskset.
 */
const TEXT = "x".repeat(1024);
const MESSAGE = toBinary(EchoRequestSchema, create(EchoRequestSchema, { message: TEXT }));
const METHOD = "/plinth.testing.v1.EchoService/Echo";
const FULL = { connections: 8, inFlight: 8 };
/** Far below what any of them can do, so that the latency is the server's own. */
const MODERATE = { connections: 8, inFlight: 1, perSecond: 2000 };
const HTTP_CONNECTIONS = 64;

interface GrpcSample {
  readonly full: CountedLoad;
  readonly moderate: CountedLoad;
}

const callers = await createCallers();
const servers: ServerProcess<unknown>[] = [];
try {
  const plinth = await started<PlinthPorts>("rpc/plinth.ts", JSON.stringify(callers.order));
  const sections = [await grpc(plinth), await http("REST", plinth), await http("Connect", plinth)];
  await report("rpc", sections.filter((section) => section !== "").join("\n\n"));
} finally {
  for (const server of servers) await server.stop();
  await callers.close();
}

async function started<Ports = { readonly port: number }>(script: string, ...args: string[]): Promise<ServerProcess<Ports>> {
  const server = await startServer<Ports>(script, ...args);
  servers.push(server);
  return server;
}

async function grpc(plinth: ServerProcess<PlinthPorts>): Promise<string> {
  const pids = new Map<string, number>();
  const contenders = new Map<string, () => Promise<GrpcSample>>();
  const add = async (name: string, pid: number, call: () => Promise<GrpcCall>) => {
    pids.set(name, pid);
    await loadGrpc(await call(), { ...FULL, seconds: 3 });
    const under = async (pressure: GrpcPressure) => {
      const order = await call();
      return counted(pid, () => loadGrpc(order, pressure));
    };
    contenders.set(name, async () => ({ full: await under(FULL), moderate: await under(MODERATE) }));
  };
  for (const user of ["nobody", "user"] as const) {
    const name = user === "nobody" ? "plinth" : "plinth-for-a-user";
    const call = async () => ({
      port: plinth.announced.grpc,
      path: METHOD,
      headers: await callers.headers(user),
      traced: true,
      message: MESSAGE,
    });
    if (isWanted(name)) await add(name, plinth.pid, call);
  }
  for (const name of ["grpc-js", "grpc-js-protobufjs", "nestjs", "connect-node"]) {
    if (!isWanted(name)) continue;
    const { pid, announced } = await started(`rpc/${name}.ts`);
    await add(name, pid, async () => ({ port: announced.port, path: METHOD, headers: {}, traced: false, message: MESSAGE }));
  }
  if (contenders.size === 0) return "";

  const samples = await inRounds(contenders);
  const of = (name: string, pick: (sample: GrpcSample) => number) => median((samples.get(name) ?? []).map(pick));
  const bare = samples.has("grpc-js") ? "grpc-js" : undefined;
  const rows: string[][] = [];
  for (const name of samples.keys()) {
    const [rate, p50, p99] = [of(name, (s) => s.full.perSecond), of(name, (s) => s.moderate.p50Ms), of(name, (s) => s.moderate.p99Ms)];
    const cpu = of(name, (s) => s.full.perCpuSecond);
    const above = (value: number, pick: (sample: GrpcSample) => number) => (bare === undefined ? "" : milliseconds(value - of(bare, pick)));
    rows.push([
      name,
      whole(rate),
      ratio(rate, bare === undefined ? undefined : of(bare, (s) => s.full.perSecond)),
      whole(cpu),
      ratio(cpu, bare === undefined ? undefined : of(bare, (s) => s.full.perCpuSecond)),
      milliseconds(p50),
      milliseconds(p99),
      above(p50, (s) => s.moderate.p50Ms),
      above(p99, (s) => s.moderate.p99Ms),
      whole(await peakMemory(pids.get(name) ?? 0)),
    ]);
  }
  const head = [
    "gRPC, unary",
    "calls/s",
    "of grpc-js",
    "calls per CPU s",
    "of grpc-js",
    "p50 ms",
    "p99 ms",
    "added p50",
    "added p99",
    "peak MB",
  ];
  return `${table(head, rows)}\n\nLatencies at ${whole(MODERATE.perSecond)} calls/s.`;
}

async function http(protocol: "REST" | "Connect", plinth: ServerProcess<PlinthPorts>): Promise<string> {
  const path = protocol === "REST" ? "/api/v1/echo" : METHOD;
  const [bare, ...others] = protocol === "REST" ? (["express", "fastify"] as const) : (["connect-express"] as const);
  const body = JSON.stringify({ message: TEXT });
  const request = async (port: number, headers: Record<string, string> = {}): Promise<HttpRequest> => {
    return { url: `http://127.0.0.1:${port}${path}`, headers: { "content-type": "application/json", ...headers }, body };
  };
  const pids = new Map<string, number>();
  const contenders = new Map<string, () => Promise<CountedLoad>>();
  const add = async (name: string, pid: number, ask: () => Promise<HttpRequest>) => {
    pids.set(name, pid);
    await wrk(await ask(), HTTP_CONNECTIONS, 3);
    contenders.set(name, async () => {
      const order = await ask();
      return counted(pid, () => wrk(order, HTTP_CONNECTIONS));
    });
  };
  if (isWanted("plinth")) await add("plinth", plinth.pid, async () => request(plinth.announced.http, await callers.headers("nobody")));
  for (const name of [bare, ...others]) {
    if (!isWanted(name)) continue;
    const { pid, announced } = await started(`rpc/${name}.ts`);
    await add(name, pid, () => request(announced.port));
  }
  if (contenders.size === 0) return "";

  const samples = await inRounds(contenders);
  const of = (name: string, pick: (load: CountedLoad) => number) => median((samples.get(name) ?? []).map(pick));
  const base = (pick: (load: CountedLoad) => number) => (samples.has(bare) ? of(bare, pick) : undefined);
  const rows: string[][] = [];
  for (const name of samples.keys()) {
    const rates = [(load: CountedLoad) => load.perSecond, (load: CountedLoad) => load.perCpuSecond].flatMap((pick) => {
      return [whole(of(name, pick)), ratio(of(name, pick), base(pick))];
    });
    const latencies = [milliseconds(of(name, (load) => load.p50Ms)), milliseconds(of(name, (load) => load.p99Ms))];
    rows.push([name, ...rates, ...latencies, whole(await peakMemory(pids.get(name) ?? 0))]);
  }
  const what = protocol === "REST" ? "REST, POST of JSON" : "Connect, JSON";
  return table([what, "requests/s", `of ${bare}`, "requests per CPU s", `of ${bare}`, "p50 ms", "p99 ms", "peak MB"], rows);
}
