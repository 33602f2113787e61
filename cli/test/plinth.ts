import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";

/** The command as users start it. */
export const PLINTH = join(import.meta.dirname, "../bin/plinth");

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the command to its end. */
export async function plinth(args: readonly string[], options: RunOptions): Promise<Run> {
  const child = startPlinth(args, options);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return { code: child.exitCode, stdout, stderr };
}

/** Starts the command and leaves it running; its output is there to be read. */
export function startPlinth(args: readonly string[], { cwd, env = {} }: RunOptions): ChildProcessByStdio<null, Readable, Readable> {
  const { PLINTH_TOKEN, PLINTH_DATA, NODE_OPTIONS, ...inherited } = process.env;
  return spawn(process.execPath, [PLINTH, ...args], { cwd, env: { ...inherited, ...env }, stdio: ["ignore", "pipe", "pipe"] });
}
