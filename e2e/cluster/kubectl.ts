import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { ROOT } from "../local-platform.ts";

/** The cluster's programs, as `scripts/components.ts` names them. Without them there is nothing to test on. */
const KUBECTL = process.env.PLINTH_KUBECTL ?? "kubectl";
const HELM = process.env.PLINTH_HELM ?? "helm";

export interface Output {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in the repository's root, with `input` as its standard input. */
export async function run(command: string, args: readonly string[], input = ""): Promise<Output> {
  const child = spawn(command, args, { cwd: ROOT, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.end(input);
  const exited = once(child, "exit");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await exited) as [number | null];
  return { code, stdout, stderr };
}

/** `kubectl`, which must succeed; answers what it wrote. */
export async function kubectl(...args: string[]): Promise<string> {
  return succeed("kubectl", args, await run(KUBECTL, args));
}

/** `kubectl` with a manifest as its input, which must succeed. */
export async function kubectlWith(manifest: string, ...args: string[]): Promise<string> {
  return succeed("kubectl", args, await run(KUBECTL, args, manifest));
}

/** `kubectl`, whatever comes of it. */
export function tryKubectl(args: readonly string[], input?: string): Promise<Output> {
  return run(KUBECTL, args, input);
}

/** `helm`, which must succeed. */
export async function helm(...args: string[]): Promise<string> {
  return succeed("helm", args, await run(HELM, args));
}

/** One object, or a list of them, as it is now. */
export async function getObject<T = Record<string, unknown>>(...args: string[]): Promise<T> {
  return JSON.parse(await kubectl("get", ...args, "-o", "json")) as T;
}

function succeed(program: string, args: readonly string[], { code, stdout, stderr }: Output): string {
  if (code === 0) return stdout;
  throw new Error(`${program} ${args.join(" ")} ended with ${code}:\n${stdout}\n${stderr}`);
}
