import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "./settings.ts";
import { waitUntil } from "./wait-until.ts";

/** Makes the cgroup below which the kubelet puts its pods, in each hierarchy; one alone where cgroup v2 is used. */
export function makeCgroups(cluster: Cluster): void {
  for (const hierarchy of hierarchies()) {
    const folder = join(hierarchy, cluster.cgroup);
    mkdirSync(folder, { recursive: true });
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      // A new cpuset of cgroup v1 is empty, and nothing may run in it.
      if (!existsSync(join(folder, file)) || existsSync(join(hierarchy, "cgroup.controllers"))) continue;
      if (readFileSync(join(folder, file), "utf8").trim() === "") writeFileSync(join(folder, file), readFileSync(join(hierarchy, file)));
    }
  }
}

/** The kernel forgets dead processes a little later than they die; until then a cgroup cannot go. */
export async function removeCgroups(cluster: Cluster): Promise<void> {
  const remove = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) remove(join(folder, entry.name));
    rmdirSync(folder);
  };
  const areGone = () => {
    try {
      for (const folder of hierarchies().map((path) => join(path, cluster.cgroup))) if (existsSync(folder)) remove(folder);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EBUSY") return false;
      throw error;
    }
  };
  await waitUntil("The cgroups are empty", areGone, 30_000);
}

function hierarchies(): string[] {
  const mounts = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "));
  return mounts.flatMap(([, path = "", type]) => (type === "cgroup" || type === "cgroup2" ? [path] : []));
}
