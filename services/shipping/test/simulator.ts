import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../../simulators/carrier/src/main.ts", import.meta.url));

export interface Fault {
  /** Resolves once a request was hit. */
  hit(): Promise<void>;
  release(): Promise<void>;
}

/** The carrier simulator as a process of its own. */
export interface SimulatorProcess {
  readonly url: string;
  control<T = unknown>(method: "GET" | "POST", path: string, body?: object): Promise<T>;
  fault(kind: string, path: string, options?: { times?: number; method?: "GET" | "POST" }): Promise<Fault>;
  /** Labels that were sold. */
  labels(): Promise<number>;
  /** Moves the parcel with this tracking number along. */
  move(trackingNumber: string, status: string): Promise<void>;
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
    async fault(kind, path, { times = 1, method = "POST" } = {}) {
      const { id } = await control<{ id: string }>("POST", "faults", { kind, path, times, method });
      return {
        hit: async () => void (await control("GET", `faults/${id}`)),
        release: async () => void (await control("POST", `faults/${id}/release`)),
      };
    },
    labels: async () => (await control<{ labels: number }>("GET", "state")).labels,
    move: async (trackingNumber, status) => void (await control("POST", `trackers/${trackingNumber}`, { status })),
    async stop() {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}
