import { execFileSync, spawn } from "node:child_process";
import { openSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "@plinth/kernel/testing";
import { stopProcess } from "../measure/server-process.ts";
import { type ControlPlane, NAMESPACE } from "./control-plane.ts";
import { samplesOf, sumOf } from "./prometheus.ts";

/** An operator under measurement, in a process of its own. */
export interface Operator {
  readonly pid: number;
  /** Its metrics; empty while it does not answer. */
  metrics(): Promise<string>;
  stop(): Promise<void>;
}

/** The peers first: whoever comes later finds caches warm. */
export const CONTENDERS = ["controller-runtime-plain", "controller-runtime-lean", "plinth"] as const;

export type Contender = (typeof CONTENDERS)[number];

const ROOT = join(import.meta.dirname, "../..");
const PEER = join(import.meta.dirname, "peer");
/** To answer costs an operator some milliseconds. */
const LOOK_EVERY_MS = 50;
const WORKERS = 16;
/** As the image has them. */
const IMAGE_ENV = { NODE_OPTIONS: process.env.OPERATOR_NODE_OPTIONS ?? "--max-semi-space-size=4", MALLOC_ARENA_MAX: "2" };

interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export async function startOperator(contender: Contender, plane: ControlPlane): Promise<Operator> {
  const [metricsPort, healthPort] = [await freePort(), await freePort()];
  const { program, args, env } =
    contender === "plinth" ? await ours(plane, metricsPort, healthPort) : peer(contender, plane, metricsPort, healthPort);
  const output = openSync(join(plane.folder, `${contender}.log`), "a");
  const child = spawn(program, args, { stdio: ["ignore", output, output], env: { ...process.env, ...env } });
  return {
    pid: child.pid ?? 0,
    async metrics() {
      if (child.exitCode !== null) throw new Error(`${contender} ended with ${child.exitCode}: see ${plane.folder}`);
      const answer = await fetch(`http://127.0.0.1:${metricsPort}/metrics`).catch(() => undefined);
      return answer?.ok ? answer.text() : "";
    },
    stop: () => stopProcess(child),
  };
}

let cached: string | undefined;

/** What Node makes of the sources, made once, as in the image. */
function compileCache(): string {
  const folder = join(ROOT, "node_modules/.cache/plinth-operator");
  execFileSync(process.execPath, [join(ROOT, "scripts/images/warm-compile-cache.ts")], {
    ...{ cwd: ROOT, stdio: "inherit", env: { ...process.env, NODE_COMPILE_CACHE: folder } },
  });
  return folder;
}

/** As in a pod: `unshare` gives it a folder of its own where the kubelet mounts what a pod needs to know who it is. */
async function ours(plane: ControlPlane, metrics: number, health: number): Promise<Command> {
  const settings = join(plane.folder, "settings.yaml");
  const given = { namespaces: [NAMESPACE], concurrency: WORKERS, ports: { metrics, health } };
  await writeFile(settings, JSON.stringify(given));
  const mount = "/run/secrets/kubernetes.io/serviceaccount";
  const script = `mount -t tmpfs tmpfs /run && mkdir -p ${mount} && cp "$1"/* ${mount} && shift && exec "$@"`;
  cached ??= compileCache();
  const main = [process.execPath, join(ROOT, "operator/src/main.ts"), "run", "--settings", settings];
  return {
    program: "unshare",
    args: ["--map-root-user", "--mount", "sh", "-c", script, "sh", plane.serviceAccount, ...main],
    env: {
      KUBERNETES_SERVICE_HOST: "127.0.0.1",
      KUBERNETES_SERVICE_PORT: String(plane.port),
      ...IMAGE_ENV,
      NODE_ENV: "production",
      NODE_COMPILE_CACHE: cached,
    },
  };
}

let built: string | undefined;

function peer(contender: Contender, { kubeconfig }: ControlPlane, metrics: number, health: number): Command {
  built ??= buildPeer();
  const ports = ["-metrics", `127.0.0.1:${metrics}`, "-health", `127.0.0.1:${health}`];
  const mode = contender === "controller-runtime-plain" ? "plain" : "lean";
  return { program: built, args: ["-cluster", kubeconfig, "-mode", mode, "-workers", String(WORKERS), ...ports], env: {} };
}

function buildPeer(): string {
  const binary = join(PEER, "peer-operator");
  execFileSync("go", ["build", "-o", binary, "."], { cwd: PEER, stdio: "inherit" });
  return binary;
}

/** Resolves when the operator has gone through so many reconciles and nothing waits, nor comes; answers its metrics of then. */
export async function untilIdle(operator: Operator, reconciles: number): Promise<string> {
  let before = -1;
  for (;;) {
    const text = await operator.metrics();
    const total = (name: string): number => sumOf(samplesOf(text, name));
    const isIdle = total("workqueue_depth") === 0 && total("controller_runtime_active_workers") === 0;
    const done = total("controller_runtime_reconcile_total");
    if (isIdle && done >= reconciles && done === before) return text;
    before = isIdle ? done : -1;
    await sleep(LOOK_EVERY_MS);
  }
}
