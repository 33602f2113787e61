import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { SERVER_CORE } from "./options.ts";

/** A server in a process of its own, on a core of its own. */
export interface ServerProcess<Announcement> {
  readonly pid: number;
  /** What its first line of output said, as JSON. */
  readonly announced: Announcement;
  stop(): Promise<void>;
}

/** Runs `bench/<script>` on the servers' core, and waits for the line that tells where it listens. */
export function startServer<Announcement = { readonly port: number }>(
  script: string,
  ...args: readonly string[]
): Promise<ServerProcess<Announcement>> {
  const file = join(import.meta.dirname, "..", script);
  const child = spawn("taskset", ["-c", SERVER_CORE, process.execPath, file, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((resolve, reject) => {
    let text = "";
    const ended = (code: number | null) => reject(new Error(`${script} ended with ${code}.`));
    child.once("error", reject);
    child.once("exit", ended);
    child.stdout.on("data", function first(chunk: Buffer) {
      text += chunk;
      const end = text.indexOf("\n");
      if (end === -1) return;
      child.off("exit", ended);
      child.stdout.off("data", first);
      // Whatever it goes on to write, spans for one, is read and dropped.
      child.stdout.resume();
      resolve({ pid: child.pid ?? 0, announced: JSON.parse(text.slice(0, end)) as Announcement, stop: () => stopProcess(child) });
    });
  });
}

/** SIGTERM, and waits for the end. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill();
  await gone;
}

/** The most memory a process has held, in MB. */
export async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024;
}
