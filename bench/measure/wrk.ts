import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Load } from "./load.ts";
import { LOAD_CORE, SECONDS } from "./options.ts";

const run = promisify(execFile);

export interface HttpRequest {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent by POST; GET without one. */
  readonly body?: string;
}

/** Loads an HTTP server as fast as it answers. Throws when an answer is not 2xx. */
export async function wrk(request: HttpRequest, connections: number, seconds: number = SECONDS): Promise<Load> {
  const folder = await mkdtemp(join(tmpdir(), "plinth-bench-"));
  try {
    const script = join(folder, "load.lua");
    await writeFile(script, luaOf(request));
    const args = ["-c", LOAD_CORE, "wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "-s", script, request.url];
    const { stdout } = await run("taskset", args);
    const numbers = /RESULT (\d+) (\d+) (\d+) (\d+) (\d+)/.exec(stdout)?.slice(1).map(Number);
    const [requests = 0, microseconds = 1, p50Us = 0, p99Us = 0, failures = 0] = numbers ?? [];
    if (failures > 0 || requests === 0) throw new Error(`${failures} of ${requests} requests to ${request.url} failed:\n${stdout}`);
    return { calls: requests, perSecond: (requests * 1e6) / microseconds, p50Ms: p50Us / 1000, p99Ms: p99Us / 1000 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** wrk tells what it found through a script, in numbers instead of prose. */
function luaOf({ headers = {}, body }: HttpRequest): string {
  const lines = Object.entries(headers).map(([name, value]) => `wrk.headers[${lua(name)}] = ${lua(value)}`);
  if (body !== undefined) lines.push('wrk.method = "POST"', `wrk.body = ${lua(body)}`);
  return `${lines.join("\n")}
    done = function(summary, latency)
      local errors = summary.errors
      io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
        errors.status + errors.connect + errors.read + errors.write + errors.timeout))
    end`;
}

/** JSON's escapes are Lua's, for the plain ASCII that stands here. */
function lua(text: string): string {
  return JSON.stringify(text);
}
