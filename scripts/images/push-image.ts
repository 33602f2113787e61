import { run } from "../cluster/run.ts";
import { isInLocalRegistry } from "../cluster/settings.ts";
import type { Builder } from "./builders.ts";
import { copyToBuildah } from "./load-into-cluster.ts";

const TIMEOUT_MS = 600_000;

/** Pushes an image to the registry that its name begins with. */
export function pushImage(builder: Builder, tag: string): void {
  if (!isInLocalRegistry(tag)) {
    run(builder.name, ["push", tag], { timeoutMs: TIMEOUT_MS });
    return;
  }
  // Docker speaks without TLS only to registries that its service was told of.
  if (builder.name === "docker") copyToBuildah(tag);
  // Packing layers takes longer than writing them to the same disk.
  run("buildah", ["push", "--quiet", "--tls-verify=false", "--disable-compression", tag], { timeoutMs: TIMEOUT_MS });
}
