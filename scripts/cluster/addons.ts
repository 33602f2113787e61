import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Kubectl } from "./kubectl.ts";
import type { Cluster } from "./settings.ts";

/** Applies what every cluster has: DNS for Services, and volumes. */
export function applyAddons(cluster: Cluster, kubectl: Kubectl): void {
  const folder = join(import.meta.dirname, "addons");
  for (const file of readdirSync(folder).sort()) {
    const manifest = readFileSync(join(folder, file), "utf8").replaceAll("DNS_ADDRESS", cluster.dnsAddress);
    kubectl(["apply", "--server-side", "--force-conflicts", "--field-manager=plinth-cluster", "--filename=-"], manifest);
  }
}
