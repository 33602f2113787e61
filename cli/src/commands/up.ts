import { handleSignals } from "@plinth/kernel/lifecycle";
import { createLogger } from "@plinth/kernel/logging";
import { commandHost } from "../local/command-host.ts";
import { inProcessHost } from "../local/module-host.ts";
import { startPlatform } from "../local/platform.ts";
import { processHost } from "../local/process-host.ts";
import { restartOnChange } from "../local/restart-on-change.ts";
import { welcome } from "../output/welcome.ts";
import { findProject } from "../project.ts";

export interface UpOptions {
  readonly only?: string[];
  readonly processes?: boolean;
  readonly watch?: boolean;
}

/** Runs the platform until it is told to stop. */
export async function up(options: UpOptions): Promise<void> {
  const startedAt = performance.now();
  const project = findProject();
  const logger = createLogger({ module: "plinth", version: "", level: "warn", format: "readable", stream: process.stderr });
  let stopping: Promise<void> | undefined;
  const starting = startPlatform({
    project,
    only: options.only,
    logger,
    makeHost: ({ place, folderOf, foundation }) => {
      const parts = { project, foundation, logger };
      return commandHost(parts, options.processes || options.watch ? processHost(parts) : inProcessHost(place, folderOf));
    },
    onFatal: () => void stop().finally(() => process.exit(1)),
    onChange: (platform) => process.stdout.write(welcome(platform, project, undefined)),
  });
  const stop = (): Promise<void> => {
    stopping ??= starting.then((platform) => platform.stop());
    return stopping;
  };
  handleSignals(stop, { logger });
  const platform = await starting;
  if (stopping !== undefined) return;
  if (options.watch) restartOnChange(project, platform, logger);
  process.stdout.write(welcome(platform, project, performance.now() - startedAt));
}
