import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";

/** KUBECTL names another program, or where it lies. */
const KUBECTL = process.env.KUBECTL ?? "kubectl";

/** Which cluster, and where in it; what is left out is what kubectl takes by itself. */
export interface ClusterTarget {
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
}

/** The objects of a kind, or the one of that name. Throws what kubectl says. */
export async function getObjects<T>(target: ClusterTarget, ...what: string[]): Promise<T> {
  try {
    const { stdout } = await promisify(execFile)(KUBECTL, [...flags(target), "get", ...what, "-o", "json"], {
      maxBuffer: 256 * 1024 * 1024,
    });
    return JSON.parse(stdout) as T;
  } catch (error) {
    const { code, stderr } = error as { code?: string | number; stderr?: string };
    if (code === "ENOENT") throw new Error(`There is no ${KUBECTL} here. Install it, or say where it lies: KUBECTL=/path/to/kubectl`);
    throw new Error(`kubectl get ${what.join(" ")}: ${stderr?.trim() || (error as Error).message}`);
  }
}

export interface Forward {
  readonly localPort: number;
  /** Resolves when it ends, by whatever cause. */
  readonly ended: Promise<unknown>;
  stop(): void;
}

/** Forwards a port of this machine (0 is any free one) to a Service, Deployment or Pod: `svc/gateway`. Throws what kubectl says. */
export async function forwardPort(target: ClusterTarget, to: string, localPort: number, port: number): Promise<Forward> {
  const child: ChildProcess = spawn(KUBECTL, [...flags(target), "port-forward", to, `${localPort || ""}:${port}`], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit");
  let complaint = "";
  child.stderr?.on("data", (chunk) => (complaint += String(chunk)));
  const bound = await Promise.race([boundPort(child), ended.then(() => undefined)]);
  if (bound === undefined) throw new Error(`The port of ${to} cannot be forwarded: ${complaint.trim()}`);
  return { localPort: bound, ended, stop: () => void child.kill() };
}

/** What it says later, of each connection, is read as well: it would end where nobody does. */
function boundPort({ stdout }: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    let written = "";
    stdout?.on("data", (chunk) => {
      written = (written + String(chunk)).slice(-1_000);
      const [, port] = /127\.0\.0\.1:(\d+) ->/.exec(written) ?? [];
      if (port !== undefined) resolve(Number(port));
    });
  });
}

function flags({ context, namespace }: ClusterTarget): string[] {
  return [...(context === undefined ? [] : ["--context", context]), ...(namespace === undefined ? [] : ["--namespace", namespace])];
}
