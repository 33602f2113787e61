import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestCluster } from "@plinth/kernel/test-cluster";

const MAIN = join(import.meta.dirname, "../../../main.ts");

export interface OperatorProcessOptions {
  readonly cluster: TestCluster;
  /** Whom it takes for the API server: a proxy before it. */
  readonly server: string;
  /** It works on this namespace alone, and its Lease is there. */
  readonly namespace: string;
  /** Two with the same identity take the Lease over from each other without waiting, as a container that is started again in its pod. */
  readonly identity: string;
}

/** The operator as a process of its own, started again whenever it ends, as the kubelet does. */
export interface OperatorProcess {
  /** How often it was started. */
  readonly starts: number;
  /** Ends it at once, as a machine that loses its power, and lets another one begin. */
  kill(): Promise<void>;
  /** Ends it in order, and lets another one begin. */
  restart(): Promise<void>;
  /** Ends it for good. */
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
  logTail(): string;
}

/** One that can also be made to stand still, as on a machine that swaps. */
export interface PausableOperator extends OperatorProcess {
  pause(): void;
  resume(): void;
}

export async function startOperatorProcess({ cluster, server, namespace, identity }: OperatorProcessOptions): Promise<PausableOperator> {
  const folder = join(cluster.folder, `operator-${identity}`);
  await mkdir(folder);
  await writeFile(join(folder, "kubeconfig"), JSON.stringify(kubeconfig(cluster, server, namespace)));
  const settings = { name: "chaos", namespaces: [namespace], ports: { metrics: 0, health: 0, webhook: 0 } };
  await writeFile(join(folder, "settings.yaml"), JSON.stringify(settings));
  const env = {
    PATH: process.env.PATH,
    KUBECONFIG: join(folder, "kubeconfig"),
    // Starts are most of what these tests do.
    NODE_COMPILE_CACHE: join(cluster.folder, "compiled"),
    NODE_ENV: "production",
    PLINTH_LOG_FORMAT: "json",
    PLINTH_POD_NAME: identity,
  };
  let log = "";
  let starts = 0;
  let isOver = false;
  let child = start();

  function start(): ChildProcess {
    starts++;
    const started = spawn(process.execPath, [MAIN, "run", `--settings=${join(folder, "settings.yaml")}`], { env, cwd: folder });
    for (const stream of [started.stdout, started.stderr]) stream?.on("data", (chunk: Buffer) => (log = (log + chunk).slice(-8000)));
    started.once("exit", () => {
      process.off("exit", killAtExit);
      if (!isOver) child = start();
    });
    process.once("exit", killAtExit);
    function killAtExit(): void {
      started.kill("SIGKILL");
    }
    return started;
  }

  async function end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const ending = child;
    if (ending.exitCode !== null || ending.signalCode !== null) return;
    ending.kill(signal);
    await once(ending, "exit");
  }

  return {
    get starts() {
      return starts;
    },
    kill: () => end("SIGKILL"),
    restart: () => end("SIGTERM"),
    async stop(signal = "SIGKILL") {
      isOver = true;
      await end(signal);
    },
    logTail: () => log,
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
  };
}

function kubeconfig({ adminCredentials }: TestCluster, server: string, namespace: string): object {
  const { ca, cert, key } = adminCredentials.tls;
  const encoded = (text = ""): string => Buffer.from(text).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "chaos",
    contexts: [{ name: "chaos", context: { cluster: "chaos", user: "chaos", namespace } }],
    clusters: [{ name: "chaos", cluster: { server, "certificate-authority-data": encoded(ca) } }],
    users: [{ name: "chaos", user: { "client-certificate-data": encoded(cert), "client-key-data": encoded(key) } }],
  };
}
