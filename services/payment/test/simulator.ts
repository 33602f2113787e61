import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../../simulators/stripe/src/main.ts", import.meta.url));

export interface SimulatorSums {
  readonly payment_intents: number;
  readonly refunds: number;
  readonly held: number;
  readonly captured: number;
  readonly refunded: number;
}

export interface Fault {
  /** Resolves once a request was hit. */
  hit(): Promise<void>;
  release(): Promise<void>;
}

/** The Stripe simulator as a process of its own. */
export interface SimulatorProcess {
  readonly url: string;
  control<T = unknown>(method: "GET" | "POST", path: string, body?: object): Promise<T>;
  fault(kind: string, path: string, times?: number, method?: string): Promise<Fault>;
  sums(): Promise<SimulatorSums>;
  stop(): Promise<void>;
}

export async function startSimulatorProcess(): Promise<SimulatorProcess> {
  const child: ChildProcess = spawn(process.execPath, [MAIN, "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [line] = (await once(lines, "line")) as [string];
  const url = line.split(" ").at(-1) ?? "";
  async function control<T>(method: "GET" | "POST", path: string, body?: object): Promise<T> {
    const response = await fetch(`${url}/simulator/${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return (await response.json()) as T;
  }
  return {
    url,
    control,
    async fault(kind, path, times = 1, method = "POST") {
      const { id } = await control<{ id: string }>("POST", "faults", { kind, path, times, method });
      return {
        hit: async () => void (await control("GET", `faults/${id}`)),
        release: async () => void (await control("POST", `faults/${id}/release`)),
      };
    },
    sums: () => control("GET", "state"),
    async stop() {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}
