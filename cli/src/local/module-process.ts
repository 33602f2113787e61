import { once } from "node:events";
import { enableCompileCache } from "node:module";
import { openFileDiscovery } from "@plinth/kernel/discovery";
import { openPublicKeys } from "@plinth/kernel/identity";
import { handleSignals } from "@plinth/kernel/lifecycle";
import { createLogger } from "@plinth/kernel/logging";
import { openFileModuleSet } from "@plinth/kernel/modules";
import { describeFailure } from "../output/describe-failure.ts";
import type { Project } from "../project.ts";
import { createLocalPlace, localFolders } from "./local-place.ts";
import { runModule } from "./module-runner.ts";

/** What the parent tells a module's process, once. */
export interface ModuleOrder {
  readonly module: string;
  readonly project: Project;
  /** In the module's service role. */
  readonly databaseUrl: string | undefined;
}

/** What the module's process answers, once. */
export type ModuleReport =
  | { readonly kind: "ready"; readonly ports: { readonly http: number | undefined; readonly grpc: number | undefined } }
  | { readonly kind: "failed"; readonly message: string };

/** Runs the ordered module until SIGTERM, or until the parent is gone. */
async function main(): Promise<void> {
  enableCompileCache();
  const [order] = (await once(process, "message")) as [ModuleOrder];
  const { project } = order;
  const logger = createLogger({ module: order.module, version: "", level: "warn", format: "readable", stream: process.stderr });
  const modules = await openFileModuleSet({ roots: [project.servicesFolder], logger });
  const module = modules.current.modules.find(({ metadata }) => metadata.name === order.module);
  if (module === undefined) throw new Error(`There is no module ${order.module} in ${project.servicesFolder}.`);
  const folders = localFolders(project.dataFolder);
  const discovery = await openFileDiscovery(folders.instances, logger);
  const publicKeys = await openPublicKeys(folders.identity, logger);
  const databaseUrls = new Map(order.databaseUrl === undefined ? [] : [[order.module, order.databaseUrl]]);
  let fatal = (): void => process.exit(1);
  const place = createLocalPlace({
    dataFolder: project.dataFolder,
    modules,
    discovery,
    publicKeys,
    databaseUrls,
    logger,
    onFatal: () => fatal(),
  });
  const running = await runModule(module, modules.folderOf(order.module) ?? "", place);
  const stop = async (): Promise<void> => {
    await running.stop();
    modules.close();
    publicKeys.close();
    await discovery.close();
  };
  fatal = () => void stop().finally(() => process.exit(1));
  handleSignals(stop, { logger });
  // The parent was killed: whoever starts anew must find the ports free.
  process.once("disconnect", () => void stop().finally(() => process.exit(0)));
  report({ kind: "ready", ports: running.ports });
}

function report(message: ModuleReport): void {
  process.send?.(message);
}

main().catch((error: unknown) => {
  report({ kind: "failed", message: describeFailure(error) });
  process.exitCode = 1;
  process.disconnect();
});
