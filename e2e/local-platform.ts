import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { freePort } from "@plinth/kernel/testing";

export const ROOT = resolve(import.meta.dirname, "..");

export interface PlatformOptions {
  /** `declared`: those of the module files, for what must run as the README shows it; `free`: any, so that several platforms can run at once. */
  readonly ports: "declared" | "free";
  readonly arguments?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A data folder of an earlier platform; a new one unless said. */
  readonly dataFolder?: string;
  /** Whether a module may fail to start: then the test looks at it itself. */
  readonly mayFail?: boolean;
  /** The project to run; this repository unless said. */
  readonly project?: string;
}

/** `plinth up` in a process of its own, on a data folder of its own. */
export interface LocalPlatform {
  readonly process: ChildProcess;
  readonly dataFolder: string;
  /** What it has written so far. */
  output(): string;
  /** From the start of the process to the table. */
  readonly readyMs: number;
  /** `http://127.0.0.1:<port>` of a module, as discovery knows it. */
  url(module: string): Promise<string>;
  grpcAddress(module: string): Promise<string>;
  /** As superuser. */
  adminUrl(): Promise<string>;
  /** Base URL of the mail sink's page. */
  readonly mails: string;
  /** SIGTERM, and waits for the end; answers the exit code. */
  stop(): Promise<number | null>;
  /** Kills it, and all that it started, without a warning. */
  kill(): Promise<void>;
  /** Removes the data; after a stop. */
  remove(): Promise<void>;
}

const START_LIMIT_MS = 60_000;

export async function startLocalPlatform(options: PlatformOptions): Promise<LocalPlatform> {
  const dataFolder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), "plinth-e2e-")));
  const project = options.project ?? ROOT;
  const ports = options.ports === "free" ? await freePorts(project) : { env: {}, mailPort: 8025 };
  const env = { ...process.env, NO_COLOR: "1", PLINTH_DATA: dataFolder, ...ports.env, ...options.env };
  const startedAt = performance.now();
  const child = spawn(process.execPath, [join(ROOT, "cli/bin/plinth"), "up", ...(options.arguments ?? [])], {
    cwd: project,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  let readyMs = 0;
  await new Promise<void>((accept, reject) => {
    const give = (problem: string) => {
      child.kill("SIGTERM");
      reject(new Error(`The platform ${problem}:\n${text}`));
    };
    const limit = setTimeout(() => give(`was not ready within ${START_LIMIT_MS / 1000} s`), START_LIMIT_MS);
    const read = (chunk: Buffer) => {
      text += chunk.toString();
      if (!text.includes("Ready in ") || readyMs > 0) return;
      if (options.mayFail !== true && text.includes("did not start")) return give("has modules that did not start");
      readyMs = performance.now() - startedAt;
      clearTimeout(limit);
      accept();
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("exit", (code) => {
      clearTimeout(limit);
      give(`ended with code ${code}`);
    });
  });

  const exited = once(child, "exit");
  return {
    process: child,
    dataFolder,
    output: () => text,
    readyMs,
    url: async (module) => `http://127.0.0.1:${(await instanceOf(dataFolder, module)).httpPort}`,
    grpcAddress: async (module) => `127.0.0.1:${(await instanceOf(dataFolder, module)).grpcPort}`,
    async adminUrl() {
      const { password, port } = JSON.parse(await readFile(join(dataFolder, "postgres.json"), "utf8")) as {
        password: string;
        port: number;
      };
      return `postgres://postgres:${password}@127.0.0.1:${port}/plinth`;
    },
    mails: `http://127.0.0.1:${ports.mailPort}`,
    async stop() {
      child.kill("SIGTERM");
      await exited;
      return child.exitCode;
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
    remove: () => rm(dataFolder, { recursive: true, force: true }),
  };
}

async function instanceOf(dataFolder: string, module: string): Promise<{ httpPort: number; grpcPort: number }> {
  const folder = join(dataFolder, "instances");
  // Others are being written.
  for (const file of (await readdir(folder)).filter((name) => name.endsWith(".json"))) {
    const registration = JSON.parse(await readFile(join(folder, file), "utf8")) as {
      module: string;
      instance: { httpPort: number; grpcPort: number };
    };
    if (registration.module === module) return registration.instance;
  }
  throw new Error(`No instance of ${module} is registered in ${folder}.`);
}

/** Configuration that moves every module, and the mail sink, to ports nobody uses. */
async function freePorts(project: string): Promise<{ env: Record<string, string>; mailPort: number }> {
  const modules = await readdir(join(project, "services"));
  const addresses = modules.flatMap((module) => {
    const prefix = module.toUpperCase().replaceAll("-", "_");
    return [
      [`${prefix}_SERVER_HTTP_ADDR`, "127.0.0.1:0"],
      ...(module === "gateway" ? [] : [[`${prefix}_SERVER_GRPC_ADDR`, "127.0.0.1:0"]]),
    ];
  });
  const [smtp, web, gateway] = [await freePort(), await freePort(), await freePort()];
  const [stripe, carrier] = [await freePort(), await freePort()];
  const sink = { NOTIFICATION_SMTP_PORT: String(smtp), NOTIFICATION_SINK_SMTP_PORT: String(smtp), NOTIFICATION_SINK_WEB_PORT: String(web) };
  // A simulator and the module that calls it know each other by address alone.
  const simulators = {
    GATEWAY_SERVER_HTTP_ADDR: `127.0.0.1:${gateway}`,
    STRIPE_SIMULATOR_SERVER_HTTP_ADDR: `127.0.0.1:${stripe}`,
    STRIPE_SIMULATOR_WEBHOOK_URL: `http://127.0.0.1:${gateway}/api/v1/payment/webhooks/stripe`,
    PAYMENT_STRIPE_URL: `http://127.0.0.1:${stripe}`,
    CARRIER_SIMULATOR_SERVER_HTTP_ADDR: `127.0.0.1:${carrier}`,
    CARRIER_SIMULATOR_WEBHOOK_URL: `http://127.0.0.1:${gateway}/api/v1/shipping/webhooks/easypost`,
    SHIPPING_EASYPOST_URL: `http://127.0.0.1:${carrier}`,
  };
  return { env: { ...Object.fromEntries(addresses), ...sink, ...simulators }, mailPort: web };
}
