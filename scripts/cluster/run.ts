import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";

/** The command could not be started or ended with another status than 0; the message holds the end of what it wrote. */
export class CommandError extends Error {}

export interface RunOptions {
  /** Standard input, as text or from a file. */
  readonly input?: string;
  readonly inputFile?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

/** Runs a command to its end and returns what it wrote to standard output. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): string {
  const { timeoutMs = 120_000, inputFile, ...rest } = options;
  const file = inputFile === undefined ? undefined : openSync(inputFile, "r");
  try {
    const stdio = [file ?? "pipe", "pipe", "pipe"] as const;
    const result = spawnSync(command, args, {
      ...rest,
      stdio: [...stdio],
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
      timeout: timeoutMs,
    });
    if (result.error) throw new CommandError(`${command}: ${result.error.message}`);
    if (result.status === 0) return result.stdout;
    const end = `${result.stderr}${result.stdout}`.trim().split("\n").slice(-15).join("\n");
    throw new CommandError(`${command} ${args.slice(0, 6).join(" ")} failed: ${end}`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Whether the command ends with status 0. */
export function succeeds(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore", timeout: 30_000 }).status === 0;
}
