import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CACHE } from "../components/cache.ts";
import type { Cluster } from "./settings.ts";

/** Kernel settings that hold for the whole host: the kubelet sets the first six, the way out of the cluster needs the last. */
const SYSCTLS = [
  "vm.overcommit_memory",
  "vm.panic_on_oom",
  "kernel.panic",
  "kernel.panic_on_oops",
  "kernel.keys.root_maxkeys",
  "kernel.keys.root_maxbytes",
  "net.ipv4.ip_forward",
];

/** How the settings were before the first of several clusters, and the numbers of those that are up. */
interface Before {
  readonly boot: string;
  readonly values: Readonly<Record<string, string>>;
  readonly clusters: readonly number[];
}

const RECORD = join(CACHE, "host-settings.json");

export function readSysctls(): Record<string, string> {
  return Object.fromEntries(SYSCTLS.map((name) => [name, readSetting(name)]));
}

/** Notes the settings before they are changed. */
export function recordSysctls(cluster: Cluster): void {
  const before = readRecord() ?? { boot: bootId(), values: readSysctls(), clusters: [] };
  writeRecord({ ...before, clusters: [...before.clusters.filter((number) => number !== cluster.number), cluster.number] });
}

/** Sets them back with the last cluster that goes. */
export function restoreSysctls(cluster: Cluster): void {
  const before = readRecord();
  if (before === undefined) return;
  const clusters = before.clusters.filter((number) => number !== cluster.number);
  if (clusters.length > 0) {
    writeRecord({ ...before, clusters });
    return;
  }
  for (const [name, value] of Object.entries(before.values)) {
    if (readSetting(name) !== value) writeFileSync(fileOf(name), value);
  }
  rmSync(RECORD, { force: true });
}

export function enableForwarding(): void {
  writeFileSync(fileOf("net.ipv4.ip_forward"), "1");
}

/** What was noted before a restart of the host holds no longer. */
function readRecord(): Before | undefined {
  try {
    const before = JSON.parse(readFileSync(RECORD, "utf8")) as Before;
    return before.boot === bootId() ? before : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function writeRecord(before: Before): void {
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(RECORD, JSON.stringify(before));
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

function readSetting(name: string): string {
  return readFileSync(fileOf(name), "utf8").trim();
}

function fileOf(name: string): string {
  return `/proc/sys/${name.replaceAll(".", "/")}`;
}
