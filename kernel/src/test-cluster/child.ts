import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";

/** A server of a test as a process of its own. */
export interface ServerProcess {
  /** Why it is no longer there; undefined while it runs. */
  readonly ended: string | undefined;
  /** The end of what it wrote. */
  logTail(): Promise<string>;
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Stands still, as a machine that swaps; `resume` lets it go on. */
  pause(): void;
  resume(): void;
}

export function startProcess(program: string, args: readonly string[], logFile: string): ServerProcess {
  const child: ChildProcess = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const log = createWriteStream(logFile, { flags: "a" });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  let ended: string | undefined;
  const gone = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      ended = error.message;
      resolve();
    });
    child.once("close", (code, signal) => {
      ended ??= `It ended with ${signal ?? code}.`;
      log.end();
      resolve();
    });
  });
  function killAtExit(): void {
    child.kill("SIGKILL");
  }
  process.once("exit", killAtExit);
  return {
    get ended() {
      return ended;
    },
    async logTail() {
      return (await readFile(logFile, "utf8").catch(() => "")).slice(-4000);
    },
    async stop(signal = "SIGTERM") {
      child.kill("SIGCONT");
      child.kill(signal);
      await gone;
      process.off("exit", killAtExit);
    },
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
  };
}

/** Asks until it is true. Fails with the log when the process is gone, or when it takes longer than anything takes. */
export async function untilReady(what: string, server: ServerProcess, isReady: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 120_000;
  while (!(await isReady().catch(() => false))) {
    if (server.ended !== undefined || performance.now() > giveUpAt) {
      throw new Error(`${what} did not start. ${server.ended ?? ""}\n${await server.logTail()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
