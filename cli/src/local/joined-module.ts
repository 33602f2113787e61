import { openFileDiscovery } from "@plinth/kernel/discovery";
import { openPublicKeys } from "@plinth/kernel/identity";
import type { Logger } from "@plinth/kernel/logging";
import { openFileModuleSet } from "@plinth/kernel/modules";
import type { Project } from "../project.ts";
import { createLocalPlace, localFolders } from "./local-place.ts";
import type { RunningModule } from "./module-host.ts";
import { runModule } from "./module-runner.ts";

export interface JoinOptions {
  readonly project: Project;
  readonly module: string;
  /** In the module's service role. */
  readonly databaseUrl: string | undefined;
  readonly logger: Logger;
  onFatal(error: unknown): void;
}

/** Runs one module in this process, as part of the platform whose `.plinth` it shares. */
export async function joinPlatform({ project, module: name, databaseUrl, logger, onFatal }: JoinOptions): Promise<RunningModule> {
  const modules = await openFileModuleSet({ roots: project.moduleFolders, logger });
  const module = modules.current.modules.find(({ metadata }) => metadata.name === name);
  if (module === undefined) {
    modules.close();
    throw new Error(`There is no module ${name} in ${project.root} that could start. See: plinth validate`);
  }
  const folders = localFolders(project.dataFolder);
  const discovery = await openFileDiscovery(folders.instances, logger);
  const publicKeys = await openPublicKeys(folders.identity, logger);
  const leave = async (): Promise<void> => {
    modules.close();
    publicKeys.close();
    await discovery.close();
  };
  const databaseUrls = new Map(databaseUrl === undefined ? [] : [[name, databaseUrl]]);
  const place = createLocalPlace({ dataFolder: project.dataFolder, modules, discovery, publicKeys, databaseUrls, logger, onFatal });
  try {
    const running = await runModule(module, modules.folderOf(name) ?? "", place);
    return {
      ports: running.ports,
      drain: () => running.drain(),
      async stop() {
        await running.stop();
        await leave();
      },
    };
  } catch (error) {
    await leave();
    throw error;
  }
}
