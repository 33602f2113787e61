import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Instance } from "../discovery/discovery.ts";
import type { ServiceProcessReady, ServiceProcessTask } from "./service-process.ts";

/** An instance of a service that runs in a process of its own. */
export interface ServiceProcess {
  readonly instance: Instance;
  readonly httpUrl: string;
  /** False once it was killed. */
  readonly isAlive: boolean;
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>;
}

const SCRIPT = join(import.meta.dirname, "service-process.ts");

/** Resolves when the instance is ready. */
export async function startServiceProcess(task: ServiceProcessTask): Promise<ServiceProcess> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", SCRIPT, JSON.stringify(task)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const { http, grpc } = await ready(child, task.service);
  return {
    instance: { id: `process-${child.pid}`, host: "127.0.0.1", httpPort: http, grpcPort: grpc, version: "0.0.0" },
    httpUrl: `http://127.0.0.1:${http}`,
    get isAlive() {
      return isRunning(child) && !child.killed;
    },
    async kill() {
      if (!isRunning(child)) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function ready(child: ChildProcess, service: string): Promise<ServiceProcessReady> {
  return new Promise((resolve, reject) => {
    child.once("message", (message) => resolve(message as ServiceProcessReady));
    child.once("error", reject);
    child.once("exit", (code, signal) => reject(new Error(`A process of ${service} ended before it was ready (${code ?? signal}).`)));
  });
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
