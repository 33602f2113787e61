import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Daemon } from "./daemons.ts";
import { type Cluster, INSIDE } from "./settings.ts";

/** For tools that push what they build, as skaffold does. Images that are loaded by hand do not pass through it. */
export const REGISTRY: Daemon = {
  name: "registry",
  program: "env",
  // Would otherwise look for a collector of traces.
  args: ["OTEL_TRACES_EXPORTER=none", "registry", "serve", `${INSIDE}/registry.json`],
};

/** Writes the registry's settings, and tells containerd that there is no TLS. Both go by one name, so a reference holds on host and node. */
export function writeRegistryFiles(cluster: Cluster): void {
  const configuration = {
    version: "0.1",
    log: { level: "warn", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: `${INSIDE}/registry` } },
    http: { addr: cluster.registry },
  };
  writeFileSync(join(cluster.folder, "registry.json"), JSON.stringify(configuration, undefined, 2));
  const folder = join(cluster.folder, "certs.d", cluster.registry);
  mkdirSync(folder, { recursive: true });
  const server = `http://${cluster.registry}`;
  writeFileSync(join(folder, "hosts.toml"), `server = "${server}"\n[host."${server}"]\n  capabilities = ["pull", "resolve"]\n`);
}
