import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { findProcess } from "./processes.ts";
import { run, succeeds } from "./run.ts";
import { readSysctls } from "./sysctls.ts";

/** What a cluster could leave behind on its host, as lines by kind. */
export type HostState = Readonly<Record<string, readonly string[]>>;

/** By which programs are started inside the cluster's namespaces. */
const ENTRANCES = /(^|\/)(nsenter|unshare)$/;
/** Programs of a cluster; in the host's own namespaces they belong to somebody else. */
const PROGRAMS = /(^|\/)(etcd|kube-[a-z-]+|kubelet|containerd[a-z0-9-]*|runc|pause|coredns)$/;

/**
 * Takes the state of the host: processes, mounts, network interfaces, addresses and routes, iptables rules, kernel settings, cgroups, folders in
 * places that nodes use. Taken before `up` and after `down`, both are equal.
 */
export function takeHostState(): HostState {
  return {
    processes: clusterProcesses(),
    mounts: linesOf(readFileSync("/proc/self/mounts", "utf8")),
    links: linesOf(run("ip", ["-brief", "link"])).map((line) => line.split(/\s+/)[0] ?? ""),
    addresses: linesOf(run("ip", ["-brief", "address"])),
    routes: linesOf(run("ip", ["route", "show", "table", "all"])),
    namespaces: linesOf(run("ip", ["netns", "list"])),
    iptables: ["iptables", "ip6tables"].flatMap((program) => rules(program)),
    sysctls: Object.entries(readSysctls()).map(([name, value]) => `${name}=${value}`),
    cgroups: foldersIn("/sys/fs/cgroup").flatMap((hierarchy) => foldersIn(hierarchy)),
    folders: ["/run", "/etc", "/opt", "/var/lib", "/var/log", "/usr/libexec"].flatMap(foldersIn),
  };
}

/** What is in one of them only, with `+` for what came and `-` for what went. Empty when nothing changed. */
export function compareHostStates(before: HostState, after: HostState): string[] {
  return Object.keys({ ...before, ...after }).flatMap((kind) => {
    const old = before[kind] ?? [];
    const now = after[kind] ?? [];
    return [
      ...now.filter((line) => !old.includes(line)).map((line) => `+ ${kind}: ${line}`),
      ...old.filter((line) => !now.includes(line)).map((line) => `- ${kind}: ${line}`),
    ];
  });
}

function clusterProcesses(): string[] {
  const mounts = readlinkSync("/proc/self/ns/mnt");
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      const program = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0] ?? "";
      const isInside = PROGRAMS.test(program) && readlinkSync(`/proc/${pid}/ns/mnt`) !== mounts;
      const id = findProcess(Number(pid));
      return id !== undefined && (isInside || ENTRANCES.test(program)) ? [`${program} ${id.pid}@${id.startTime}`] : [];
    } catch {
      return [];
    }
  });
}

/** Rules and chains of people; built-in chains that let everything pass are the same as none. */
function rules(program: string): string[] {
  if (!succeeds(program, ["-w", "-S"])) return [];
  const lines = linesOf(run(`${program}-save`, []));
  return lines
    .filter((line) => /^(-A|:.* -)/.test(line) || /^:\S+ DROP/.test(line))
    .map((line) => `${program} ${line.replace(/ ?\[\d+:\d+\]/, "")}`);
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [`${folder}/${entry.name}`] : []));
  } catch {
    return [];
  }
}

function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}
