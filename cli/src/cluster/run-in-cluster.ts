import { openInClusterConnection } from "@plinth/kernel/kube";
import { handleSignals } from "@plinth/kernel/lifecycle";
import { createLogger } from "@plinth/kernel/logging";
import { findProject } from "../project.ts";
import { joinCluster } from "./joined-cluster.ts";
import { readPodEnvironment } from "./pod-environment.ts";
import { podFolders } from "./pod-files.ts";

/** Runs one module in this pod until SIGTERM. Exit codes: 0 stopped in order, 1 it did not start or broke, 128 and the signal's number for a second signal. */
export async function runInCluster(name: string): Promise<void> {
  const pod = readPodEnvironment(process.env);
  const logger = createLogger({ module: name, version: "", level: "info", format: "json" });
  // The first process of a container ignores signals that it does not handle: a start that hangs must be ended too.
  let stop = async (): Promise<void> => {};
  handleSignals(() => stop(), { logger });
  let fatal = (): void => process.exit(1);
  const running = await joinCluster({
    module: name,
    servicesFolder: findProject().servicesFolder,
    pod,
    folders: podFolders(),
    connection: await openInClusterConnection({ userAgent: `plinth-module/${name}` }),
    env: process.env,
    logger,
    // Whoever edits a module waits for every moment of its restart, and nobody else calls it.
    ...(pod.environment === "development" && { lingerMs: 0 }),
    onFatal: () => fatal(),
  });
  stop = () => running.stop();
  fatal = () => void stop().finally(() => process.exit(1));
}
