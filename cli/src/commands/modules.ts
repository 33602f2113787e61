import { openFileDiscovery } from "@plinth/kernel/discovery";
import { silentLogger } from "@plinth/kernel/logging";
import type { Module } from "@plinth/module";
import { healthOf, type InstanceHealth } from "../local/health-of.ts";
import { localFolders } from "../local/local-place.ts";
import { type ReadModules, readModules } from "../local/read-modules.ts";
import { printList } from "../output/print-list.ts";
import { findProject, type Project } from "../project.ts";

interface ModuleRow {
  readonly module: string;
  readonly version: string;
  readonly phase: "Running" | "Degraded" | "Validated" | "Waiting" | "Rejected";
  readonly http: number | undefined;
  readonly grpc: number | undefined;
  readonly instances: number;
  readonly health: Exclude<InstanceHealth, "gone"> | "not running";
  readonly reasons: readonly string[];
}

/** The modules of the files, and what runs of them on this machine. */
export async function modules(options: { readonly json?: boolean }): Promise<void> {
  const project = findProject();
  const read = readModules(project);
  const running = await runningInstances(project, read);
  const known = read.all.map((module) => rowOf(module, read, running.get(module.metadata.name) ?? []));
  const named = new Set(known.map(({ module }) => module));
  const broken = read.resolution.rejected
    .filter(({ module }) => !named.has(module))
    .map(({ module, problems }) => brokenRow(module, problems));
  const rows = [...known, ...broken].sort((a, b) => (a.module < b.module ? -1 : 1));
  printList(
    rows,
    [
      { title: "MODULE", value: ({ module }) => module || "(unnamed)" },
      { title: "VERSION", value: ({ version }) => version },
      { title: "PHASE", value: ({ phase }) => phase },
      { title: "HTTP", value: ({ http }) => http },
      { title: "GRPC", value: ({ grpc }) => grpc },
      { title: "INSTANCES", value: ({ instances }) => instances },
      { title: "HEALTH", value: ({ health }) => health },
      { title: "REASON", value: ({ reasons }) => reasons.join(", ") },
    ],
    { ...options, empty: "There is no module yet. Make one: plinth new module hello" },
  );
}

interface LiveInstance {
  readonly version: string;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly health: Exclude<InstanceHealth, "gone">;
}

async function runningInstances(project: Project, { all }: ReadModules): Promise<Map<string, LiveInstance[]>> {
  const discovery = await openFileDiscovery(localFolders(project.dataFolder).instances, silentLogger);
  try {
    const asked = all.map(async ({ metadata: { name } }) => {
      const found = await Promise.all(
        discovery.instances(name).map(async (instance) => ({ ...instance, health: await healthOf(instance) })),
      );
      return [name, found.flatMap(({ health, ...instance }) => (health === "gone" ? [] : [{ ...instance, health }]))] as const;
    });
    return new Map(await Promise.all(asked));
  } finally {
    await discovery.close();
  }
}

function rowOf({ metadata: { name }, spec }: Module, { resolution }: ReadModules, live: readonly LiveInstance[]): ModuleRow {
  const [first] = live;
  const refused = resolution.rejected.find(({ module }) => module === name);
  const waiting = resolution.waiting.find(({ module }) => module === name);
  const health = first === undefined ? "not running" : worst(live);
  return {
    module: name,
    version: first?.version ?? spec.version,
    // What is refused now may still be served, as it was last right.
    phase: refused ? "Rejected" : first ? (health === "ok" ? "Running" : "Degraded") : waiting ? "Waiting" : "Validated",
    http: first === undefined ? spec.ports?.http : first.httpPort || undefined,
    grpc: first === undefined ? spec.ports?.grpc : first.grpcPort || undefined,
    instances: live.length,
    health,
    reasons: reasonsOf((refused ?? waiting)?.problems ?? []),
  };
}

function brokenRow(module: string, problems: readonly { reason: string }[]): ModuleRow {
  const nothing = { version: "", http: undefined, grpc: undefined, instances: 0, health: "not running" } as const;
  return { module, phase: "Rejected", ...nothing, reasons: reasonsOf(problems) };
}

function reasonsOf(problems: readonly { reason: string }[]): string[] {
  return [...new Set(problems.map(({ reason }) => reason))];
}

function worst(live: readonly LiveInstance[]): LiveInstance["health"] {
  const order = ["down", "degraded", "ok"] as const;
  return order.find((health) => live.some((instance) => instance.health === health)) ?? "ok";
}
