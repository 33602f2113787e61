import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildPause } from "../images/pause/build-pause.ts";
import { childrenOf, isAlive, signal, startDetached, stop } from "./processes.ts";
import { type RunOptions, run } from "./run.ts";
import { type Cluster, INSIDE } from "./settings.ts";
import { type State, writeState } from "./state.ts";
import { waitUntil } from "./wait-until.ts";

/**
 * The namespaces of a cluster: network, mounts and processes. Its bridges, iptables rules, mounts and containers exist only there, and are gone
 * when its process 1 ends, in whatever way. Within, /run is empty at each start, and /tmp, /var/lib and /var/log lie in the cluster's folder.
 */
export async function startSandbox(cluster: Cluster, state: State, programs: Readonly<Record<string, string>>): Promise<void> {
  if (isAlive(state.sandbox?.init) && isPrepared(state.sandbox.init.pid)) return;
  if (state.sandbox) await stopSandbox(state);
  const namespaces = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "--mount-proc"];
  const outer = startDetached("unshare", [...namespaces, buildPause()], join(cluster.folder, "logs", "sandbox.log"));
  state.sandbox = { outer };
  state.daemons = {};
  writeState(cluster, state);
  await waitUntil("The namespaces exist", () => childrenOf(outer.pid).length > 0 || !isAlive(outer), 10_000);
  const init = childrenOf(outer.pid)[0];
  if (init === undefined) throw new Error(`No namespaces: ${readFileSync(join(cluster.folder, "logs", "sandbox.log"), "utf8").trim()}`);
  state.sandbox = { outer, init };
  writeState(cluster, state);
  await waitUntil("Process 1 runs", () => readFileSync(`/proc/${init.pid}/comm`, "utf8").trim() === "pause", 10_000);
  prepare(cluster, state, programs);
}

/** The id, on the host, of process 1 inside. */
export function initOf(state: State): string {
  if (!isAlive(state.sandbox?.init)) throw new Error("The cluster is not up: npm run cluster -- up");
  return String(state.sandbox.init.pid);
}

/** The command line that runs a program inside. */
export function inside(state: State, command: readonly string[]): string[] {
  return ["nsenter", "--target", initOf(state), "--net", "--mount", "--pid", "--", ...command];
}

/** Runs a command inside to its end. */
export function runInside(state: State, command: readonly string[], options: RunOptions = {}): string {
  const [nsenter = "", ...args] = inside(state, command);
  return run(nsenter, args, options);
}

/** Ends process 1, with which the kernel ends every process inside. */
export async function stopSandbox(state: State): Promise<void> {
  if (state.sandbox === undefined) return;
  const { outer, init } = state.sandbox;
  if (init !== undefined) signal(init, "SIGKILL");
  await waitUntil("The processes of the cluster end", () => !isAlive(init), 30_000);
  await stop(outer, 5_000);
}

function isPrepared(init: number): boolean {
  return existsSync(`/proc/${init}/root/run/prepared`);
}

function prepare(cluster: Cluster, state: State, programs: Readonly<Record<string, string>>): void {
  for (const folder of ["tmp", "var-lib", "var-log"]) mkdirSync(join(cluster.folder, folder), { recursive: true });
  writeFileSync(join(cluster.folder, "resolv.conf"), resolvConf(cluster));
  const script = [
    "set -eu",
    // By way of /mnt: the folder may lie below what is covered next.
    `mount --bind ${quote(cluster.folder)} /mnt`,
    "mount -t tmpfs -o mode=755 tmpfs /run",
    `mkdir -p ${INSIDE} /run/bin /run/lock`,
    `mount --move /mnt ${INSIDE}`,
    // The programs too may lie anywhere.
    ...Object.entries(programs).map(([name, path]) => `touch /run/bin/${name}; mount --bind ${quote(path)} /run/bin/${name}`),
    `chmod 1777 ${INSIDE}/tmp`,
    `mount --bind ${INSIDE}/tmp /tmp`,
    `mount --bind ${INSIDE}/var-lib /var/lib`,
    `mount --bind ${INSIDE}/var-log /var/log`,
    // Volumes that the kubelet mounts must be seen by containers that run already.
    "mount --make-rshared /",
    "ip link set lo up",
    "touch /run/prepared",
  ];
  runInside(state, ["/bin/sh", "-c", script.join("\n")]);
}

/** The host's name servers, without those that only the host's own loopback reaches. */
function resolvConf(cluster: Cluster): string {
  const upstream = ["/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"].find((file) => existsSync(file));
  const lines = upstream === undefined ? [] : readFileSync(upstream, "utf8").split("\n");
  const reachable = lines.filter((line) => /^nameserver\s/.test(line) && !/\s(127\.|::1)/.test(line));
  return `${(reachable.length > 0 ? reachable : [`nameserver ${cluster.hostAddress}`]).join("\n")}\n`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
