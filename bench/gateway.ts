import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNginx } from "./gateway/nginx.ts";
import { isWanted, LOAD_CORE, SERVER_CORE } from "./measure/options.ts";
import { type CountedLoad, counted } from "./measure/processor-time.ts";
import { milliseconds, report, table, whole } from "./measure/report.ts";
import { inRounds, median } from "./measure/rounds.ts";
import { peakMemory, startServer } from "./measure/server-process.ts";
import { type HttpRequest, wrk } from "./measure/wrk.ts";

/**
 * The gateway with all it does to a request switched on, beside other proxies that do nothing but pass it on: one core for the proxy, another for the
 * load and the backend. `npm run bench -- gateway [contenders…] [--write]`; needs wrk, nginx and taskset.
 */
const CONNECTIONS = 64;
const PATH = "/api/v1/blog/posts";
/** 110 bytes of JSON. */
const ANSWER = JSON.stringify({
  id: "post_01h455vb4pex5vsknk084sn02q",
  title: "A title of some length",
  tags: ["one", "two"],
  likes: 42,
}).padEnd(110);

interface Sample {
  readonly full: CountedLoad;
  /** One connection: what the proxy adds to the backend's own time. */
  readonly single: CountedLoad;
}

const BACKEND = "backend alone";
const folder = await mkdtemp(join(tmpdir(), "plinth-bench-"));
const servers: { stop(): Promise<void> }[] = [];
try {
  const backend = await startNginx(folder, "backend", LOAD_CORE, `location / { default_type application/json; return 200 '${ANSWER}'; }`);
  servers.push(backend);
  const pids = new Map<string, number>();
  const contenders = new Map<string, () => Promise<Sample>>();
  const add = async (name: string, pid: number, port: number, headers: Record<string, string> = {}) => {
    const request: HttpRequest = { url: `http://127.0.0.1:${port}${PATH}`, headers };
    pids.set(name, pid);
    await wrk(request, CONNECTIONS, 2);
    contenders.set(name, async () => ({
      full: await counted(pid, () => wrk(request, CONNECTIONS)),
      single: await counted(pid, () => wrk(request, 1)),
    }));
  };
  await add(BACKEND, backend.pid, backend.port);
  for (const name of ["plinth", "express", "fastify"]) {
    if (!isWanted(name)) continue;
    const server = await startServer<{ port: number; token?: string }>(`gateway/${name}.ts`, String(backend.port));
    servers.push(server);
    const { port, token } = server.announced;
    await add(name, server.pid, port, token === undefined ? {} : { authorization: `Bearer ${token}` });
  }
  if (isWanted("nginx")) {
    const location = `location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; }`;
    const upstream = `upstream backend { server 127.0.0.1:${backend.port}; keepalive 256; }`;
    const nginx = await startNginx(folder, "proxy", SERVER_CORE, location, upstream);
    servers.push(nginx);
    await add("nginx", nginx.pid, nginx.port);
  }

  const samples = await inRounds(contenders);
  const of = (name: string, pick: (sample: Sample) => number) => median((samples.get(name) ?? []).map(pick));
  const rows: string[][] = [];
  for (const name of samples.keys()) {
    const added = of(name, (s) => s.single.p50Ms) - of(BACKEND, (s) => s.single.p50Ms);
    rows.push([
      name,
      whole(of(name, (s) => s.full.perSecond)),
      name === BACKEND ? "" : whole(of(name, (s) => s.full.perCpuSecond)),
      milliseconds(of(name, (s) => s.full.p50Ms)),
      milliseconds(of(name, (s) => s.full.p99Ms)),
      name === BACKEND ? "" : milliseconds(added, 3),
      whole(await peakMemory(pids.get(name) ?? 0)),
    ]);
  }
  const head = ["proxy", "requests/s", "requests per CPU s", "p50 ms", "p99 ms", "added p50 ms", "peak MB"];
  await report("gateway", `${table(head, rows)}\n\n${CONNECTIONS} connections; the added latency with one.`);
} finally {
  for (const server of servers) await server.stop();
  await rm(folder, { recursive: true, force: true });
}
