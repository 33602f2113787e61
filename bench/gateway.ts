/**
 * The gateway beside other proxies: one core for the proxy, another for load and backend, the median of several runs.
 * `cd bench && npm install`, then `node bench/gateway.ts`. Needs wrk, nginx and taskset.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const RUNS = Number(process.env.RUNS ?? 5);
const SECONDS = Number(process.env.SECONDS_PER_RUN ?? 4);
const CONNECTIONS = 64;
const PROXY_CORE = "0";
const LOAD_CORE = "1";
const PATH = "/api/v1/blog/posts";
/** 110 bytes of JSON. */
const ANSWER = JSON.stringify({
  id: "post_01h455vb4pex5vsknk084sn02q",
  title: "A title of some length",
  tags: ["one", "two"],
  likes: 42,
}).padEnd(110);

interface Proxy {
  readonly port: number;
  readonly pid?: number | undefined;
  readonly token?: string;
}

interface Result {
  readonly perSecond: number;
  /** Requests for each second of processor time that the proxy took: does not care who else is at work on the machine. */
  readonly perCpuSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

const folder = await mkdtemp(join(tmpdir(), "plinth-bench-"));
const children: ChildProcess[] = [];

try {
  const backendPort = await freePort();
  await nginx("backend", LOAD_CORE, backendPort, `location / { default_type application/json; return 200 '${ANSWER}'; }`);
  const wanted = process.argv.slice(2);
  const rows: [string, Result, Result][] = [];
  const add = async (name: string, start: () => Promise<Proxy>) => {
    if (wanted.length > 0 && !wanted.includes(name)) return;
    const before = children.length;
    const proxy = await start();
    rows.push([name, await median(proxy, CONNECTIONS), await median(proxy, 1)]);
    for (const child of children.splice(before)) await ended(child);
  };
  await add("backend alone", async () => ({ port: backendPort }));
  await add("plinth", () => node("plinth.ts", backendPort));
  await add("express", () => node("express.ts", backendPort));
  await add("fastify", () => node("fastify.ts", backendPort));
  await add("nginx", async () => {
    const port = await freePort();
    const upstream = `upstream backend { server 127.0.0.1:${backendPort}; keepalive 256; }`;
    const pid = await nginx(
      "proxy",
      PROXY_CORE,
      port,
      `location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; }`,
      upstream,
    );
    return { port, pid };
  });
  print(rows);
} finally {
  for (const child of children) await ended(child);
  await rm(folder, { recursive: true, force: true });
}

async function node(file: string, backendPort: number): Promise<Proxy> {
  const script = new URL(`./gateway/${file}`, import.meta.url).pathname;
  const child = spawn("taskset", ["-c", PROXY_CORE, process.execPath, script, String(backendPort)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  return new Promise((resolve, reject) => {
    let text = "";
    child.on("exit", (code) => reject(new Error(`${file} ended with ${code}.`)));
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk;
      const line = text.split("\n", 1)[0] ?? "";
      if (text.includes("\n")) resolve({ ...(JSON.parse(line) as Proxy), pid: child.pid });
    });
  });
}

/** Answers the process id. */
async function nginx(name: string, core: string, port: number, location: string, further = ""): Promise<number | undefined> {
  const file = join(folder, `${name}.conf`);
  await writeFile(
    file,
    `daemon off; master_process off; pid ${join(folder, name)}.pid; error_log stderr crit; worker_rlimit_nofile 4096;
     events { worker_connections 2048; }
     http { access_log off; keepalive_requests 1000000000; ${further}
            client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
            server { listen 127.0.0.1:${port}; ${location} } }`,
  );
  const child = spawn("taskset", ["-c", core, "nginx", "-c", file, "-p", folder], { stdio: ["ignore", "inherit", "inherit"] });
  children.push(child);
  await answering(port);
  return child.pid;
}

async function median(proxy: Proxy, connections: number): Promise<Result> {
  await load(proxy, connections, 2);
  const results: Result[] = [];
  for (let index = 0; index < RUNS; index++) results.push(await load(proxy, connections, SECONDS));
  results.sort((a, b) => a.perSecond - b.perSecond);
  return results[Math.floor(RUNS / 2)] as Result;
}

/** wrk tells what it found through a script, in numbers instead of prose. */
async function load({ port, pid, token }: Proxy, connections: number, seconds: number): Promise<Result> {
  const script = join(folder, "report.lua");
  await writeFile(
    script,
    `done = function(s, l) io.write(string.format("RESULT %d %d %d %d %d\\n", s.requests, s.duration, l:percentile(50), l:percentile(99),
       s.errors.status + s.errors.connect + s.errors.read + s.errors.write + s.errors.timeout)) end`,
  );
  const header = token === undefined ? [] : ["-H", `authorization: Bearer ${token}`];
  const url = `http://127.0.0.1:${port}${PATH}`;
  const args = ["-c", LOAD_CORE, "wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "-s", script, ...header, url];
  const before = await cpuSeconds(pid);
  const { stdout } = await run("taskset", args);
  const cpu = (await cpuSeconds(pid)) - before;
  const numbers = /RESULT (\d+) (\d+) (\d+) (\d+) (\d+)/.exec(stdout)?.slice(1).map(Number);
  const [requests = 0, microseconds = 1, p50Us = 0, p99Us = 0, errors = 0] = numbers ?? [];
  if (errors > 0) throw new Error(`${errors} requests failed:\n${stdout}`);
  return { perSecond: (requests * 1e6) / microseconds, perCpuSecond: cpu > 0 ? requests / cpu : 0, p50Us, p99Us };
}

/** User and system time of a process; taskset becomes what it starts, so that the child's id is the proxy's. */
async function cpuSeconds(pid: number | undefined): Promise<number> {
  if (pid === undefined) return 0;
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function print(rows: readonly [string, Result, Result][]): void {
  const base = rows.find(([name]) => name === "backend alone")?.[2].p50Us ?? 0;
  const lines = rows.map(([name, full, single]) => {
    const added = name === "backend alone" ? "" : ((single.p50Us - base) / 1000).toFixed(3);
    return `| ${name} | ${Math.round(full.perSecond)} | ${Math.round(full.perCpuSecond) || ""} | ${(full.p50Us / 1000).toFixed(2)} | ${(full.p99Us / 1000).toFixed(2)} | ${added} |`;
  });
  const head = `| proxy | requests/s (${CONNECTIONS} connections) | requests/CPU-second | p50 ms | p99 ms | added p50 ms (1 connection) |\n| --- | --- | --- | --- | --- | --- |`;
  process.stdout.write(`${head}\n${lines.join("\n")}\n`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answering(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (
      await fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Nothing answers on port ${port}.`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("close", resolve));
  child.kill();
  await gone;
}
